//! Unambiguous IP addresses.

use core::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Reads an IP address; `None` if the text is not an address, or is an IPv6 address that embeds an IPv4 address.
pub(crate) fn read(text: &str) -> Option<IpAddr> {
    match text.parse().ok()? {
        IpAddr::V6(address) if embeds_ipv4(address) => None,
        address => Some(address),
    }
}

/// Whether an address is in one of the networks. Texts that are not networks are ignored.
pub(crate) fn is_in_one_of<'n>(networks: impl Iterator<Item = &'n str>, address: &IpAddr) -> bool {
    networks.filter_map(|network| network.parse::<IpNet>().ok()).any(|network| network.contains(address))
}

/// Whether an IPv6 address reaches an IPv4 address, which a rule for IPv4 networks would not recognize.
///
/// These are mapped and compatible addresses (RFC 4291, section 2.5.5), translated addresses (RFC 2765), NAT64 (RFC
/// 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380) and ISATAP (RFC 5214).
pub(crate) fn embeds_ipv4(address: Ipv6Addr) -> bool {
    let is_compatible = address.to_ipv4().is_some() && !address.is_loopback() && !address.is_unspecified();
    is_compatible
        || matches!(
            address.segments(),
            [0x64, 0xff9b, 0, 0, 0, 0, ..]
                | [0x64, 0xff9b, 1, ..]
                | [0x2002, ..]
                | [0x2001, 0, ..]
                | [0, 0, 0, 0, 0xffff, 0, ..]
                | [_, _, _, _, 0 | 0x200, 0x5efe, ..]
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_name() {
        for text in ["10.0.0.1", "::1", "::", "2001:db8::1", "2001:DB8:0::1", "fe80::1", "64:ff9a::1", "2003::1"] {
            assert!(read(text).is_some(), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_within_an_ipv6_one_is_not_judged() {
        for text in [
            "::ffff:10.0.0.1",
            "::ffff:a00:1",
            "::10.0.0.1",
            "::a00:1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a00:1",
            "2002:a00:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "::ffff:0:10.0.0.1",
            "fe80::5efe:10.0.0.1",
            "2001:db8::200:5efe:a00:1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_judged() {
        for text in ["", "localhost", "10.1", "010.0.0.1", "10.0.0.1 ", "10.0.0.1/8", "[::1]", "fe80::1%eth0"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
