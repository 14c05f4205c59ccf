//! Addresses and names that are not on the public internet.
//!
//! The names of sets are words of the policy language, which the build replaces by the networks. The sources are:
//!
//! - IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890), of IPv4 and IPv6 address space, and
//!   of special-use domain names (RFC 6761), as of November 2026
//! - RFC 6762, appendix G, for private top-level domains
//! - ICANN's resolutions of 2018-02-04 (`corp`, `home`, `mail`) and of 2024-07-29 (`internal`)
//! - the manuals of the cloud providers for their metadata services

/// A named set of networks.
pub(crate) struct NetworkSet {
    /// The word of the policy language.
    pub(crate) name: &'static str,
    /// The networks in CIDR notation.
    pub(crate) networks: &'static [&'static str],
}

/// The word for all addresses and names that are in no set here.
pub(crate) const PUBLIC: &str = "public";

/// All sets. An address can be in several.
pub(crate) const NETWORK_SETS: [NetworkSet; 7] = [
    // RFC 1918 and RFC 4193.
    NetworkSet { name: "private", networks: &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] },
    // RFC 1122, section 3.2.1.3, and RFC 4291, section 2.5.3.
    NetworkSet { name: "loopback", networks: &["127.0.0.0/8", "::1/128"] },
    // RFC 3927 and RFC 4291, section 2.5.6.
    NetworkSet { name: "link-local", networks: &["169.254.0.0/16", "fe80::/10"] },
    // RFC 6598, for the NAT of providers.
    NetworkSet { name: "shared", networks: &["100.64.0.0/10"] },
    NetworkSet {
        name: "metadata",
        networks: &[
            // AWS, Azure, Google Cloud, Oracle Cloud, DigitalOcean and others; for containers, AWS ECS and EKS.
            "169.254.169.254/32",
            "169.254.170.2/32",
            "169.254.170.23/32",
            "fd00:ec2::254/128",
            "fd00:ec2::23/128",
            "fd20:ce::254/128",
            // The Azure platform, which is not in a special-purpose network.
            "168.63.129.16/32",
            // Alibaba Cloud.
            "100.100.100.200/32",
            // Oracle Cloud, on older images.
            "192.0.0.192/32",
        ],
    },
    // RFC 5771 and RFC 4291, section 2.7.
    NetworkSet { name: "multicast", networks: &["224.0.0.0/4", "ff00::/8"] },
    NetworkSet {
        name: "reserved",
        networks: &[
            // "This network" (RFC 791), protocol assignments (RFC 6890) and the relays of 6to4 (RFC 7526).
            "0.0.0.0/8",
            "192.0.0.0/24",
            "192.88.99.0/24",
            // Documentation (RFC 5737) and benchmarks (RFC 2544).
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "198.18.0.0/15",
            // Future use (RFC 1112), with the broadcast address (RFC 919).
            "240.0.0.0/4",
            // Documentation (RFC 3849, RFC 9637), protocol assignments (RFC 2928) and 6to4 (RFC 3056).
            "2001:db8::/32",
            "3fff::/20",
            "2001::/23",
            "2002::/16",
            // What the IETF reserves outside of the global unicast addresses in 2000::/3.
            "::/8",
            "100::/8",
            "200::/7",
            "400::/6",
            "800::/5",
            "1000::/4",
            "4000::/3",
            "6000::/3",
            "8000::/3",
            "a000::/3",
            "c000::/3",
            "e000::/4",
            "f000::/5",
            "f800::/6",
            "fe00::/9",
            "fec0::/10",
        ],
    },
];

/// Names that resolve locally. A name without a dot is local too, because resolvers append their search list.
pub(crate) const LOCAL_NAMES: [&str; 16] = [
    // RFC 6761, sections 6.2 to 6.4. `example` is not here, because resolvers treat it as any other name.
    "*.localhost",
    "*.test",
    "*.invalid",
    // RFC 6762, section 3 and appendix G.
    "*.local",
    "*.lan",
    "*.intranet",
    "*.private",
    // ICANN reserves these for private use, or does not delegate them.
    "*.internal",
    "*.corp",
    "*.home",
    "*.mail",
    // The infrastructure of the DNS, with `home.arpa` (RFC 8375).
    "*.arpa",
    // Names outside of the DNS (RFC 7686, RFC 9476).
    "*.onion",
    "*.alt",
    // The default domain of many routers and of `localhost.localdomain`, and the services of Kubernetes.
    "*.localdomain",
    "*.svc",
];

/// The networks of a set; none if `name` is not the name of a set.
pub(crate) fn networks_of(name: &str) -> Option<&'static [&'static str]> {
    NETWORK_SETS.iter().find(|set| set.name == name).map(|set| set.networks)
}

/// The networks of all sets.
pub(crate) fn all_networks() -> impl Iterator<Item = &'static str> {
    NETWORK_SETS.iter().flat_map(|set| set.networks.iter().copied())
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    #[test]
    fn each_network_is_in_canonical_form() {
        for text in all_networks() {
            let network: IpNet = text.parse().expect(text);
            assert_eq!(network.trunc(), network, "{text}");
            assert_eq!(alloc::format!("{network}"), text);
        }
    }

    #[test]
    fn only_global_unicast_ipv6_addresses_are_public() {
        let is_public = |address: &str| {
            let address: core::net::IpAddr = address.parse().expect(address);
            !all_networks().any(|network| network.parse::<IpNet>().expect(network).contains(&address))
        };
        // The first and the last address of each eighth of the address space.
        for high in 0..8_u16 {
            let [first, last] = [high << 13, (high << 13) | 0x1fff].map(|high| alloc::format!("{high:x}::1"));
            assert_eq!(is_public(&first), high == 1, "{first}");
            assert!(!is_public(&last), "{last}");
        }
        assert!(is_public("2606:4700::1111"));
        assert!(is_public("1.1.1.1"));
    }
}
