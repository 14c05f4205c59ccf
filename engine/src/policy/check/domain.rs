//! The possible values of a field after checks on it are assumed to be true or false.

use alloc::vec::Vec;

use crate::json::decimal::Decimal;
use crate::language::operators::NumericOp;

/// A set of numbers: those between two bounds, with exceptions.
#[derive(Clone, Default)]
pub(crate) struct Numbers<'p> {
    lower: Option<Bound<'p>>,
    upper: Option<Bound<'p>>,
    without: Vec<Decimal<'p>>,
    /// The only members of the set, if they can be listed.
    pub(crate) only: Option<Vec<Decimal<'p>>>,
}

#[derive(Clone, Copy)]
struct Bound<'p> {
    number: Decimal<'p>,
    /// Whether the number itself is inside.
    is_inside: bool,
}

impl<'p> Numbers<'p> {
    /// All lengths: numbers from zero. That lengths are whole numbers is not modeled.
    pub(crate) fn lengths() -> Self {
        let mut all = Self::default();
        all.narrow(NumericOp::Gte, "0");
        all
    }

    fn none() -> Self {
        Self { only: Some(Vec::new()), ..Self::default() }
    }

    /// Keeps the numbers that satisfy a comparison.
    pub(crate) fn narrow(&mut self, op: NumericOp, number: &'p str) {
        let Some(number) = Decimal::read(number) else { return };
        let bound = |is_inside| Bound { number, is_inside };
        match op {
            NumericOp::Eq => {
                self.narrow_upper(bound(true));
                self.narrow_lower(bound(true));
            }
            NumericOp::Ne => self.without.push(number),
            NumericOp::Lt => self.narrow_upper(bound(false)),
            NumericOp::Lte => self.narrow_upper(bound(true)),
            NumericOp::Gt => self.narrow_lower(bound(false)),
            NumericOp::Gte => self.narrow_lower(bound(true)),
        }
    }

    fn narrow_lower(&mut self, new: Bound<'p>) {
        let is_tighter = self.lower.is_none_or(|old| {
            let order = new.number.compare(&old.number);
            order.is_gt() || (order.is_eq() && !new.is_inside)
        });
        if is_tighter {
            self.lower = Some(new);
        }
    }

    fn narrow_upper(&mut self, new: Bound<'p>) {
        let is_tighter = self.upper.is_none_or(|old| {
            let order = new.number.compare(&old.number);
            order.is_lt() || (order.is_eq() && !new.is_inside)
        });
        if is_tighter {
            self.upper = Some(new);
        }
    }

    fn holds(&self, number: &Decimal<'p>) -> bool {
        let is_above = self.lower.is_none_or(|bound| {
            let order = number.compare(&bound.number);
            order.is_gt() || (order.is_eq() && bound.is_inside)
        });
        let is_below = self.upper.is_none_or(|bound| {
            let order = number.compare(&bound.number);
            order.is_lt() || (order.is_eq() && bound.is_inside)
        });
        is_above && is_below && self.without.iter().all(|other| other.compare(number).is_ne())
    }

    pub(crate) fn is_empty(&self) -> bool {
        if let Some(only) = &self.only {
            return !only.iter().any(|number| self.holds(number));
        }
        let (Some(lower), Some(upper)) = (self.lower, self.upper) else { return false };
        match lower.number.compare(&upper.number) {
            core::cmp::Ordering::Less => false,
            core::cmp::Ordering::Equal => !self.holds(&lower.number),
            core::cmp::Ordering::Greater => true,
        }
    }
}

/// A set of strings.
#[derive(Clone)]
pub(crate) enum Strings<'p> {
    /// All but these.
    Without(Vec<&'p str>),
    /// Only these.
    Only(Vec<&'p str>),
}

impl<'p> Strings<'p> {
    /// Keeps the strings that are in `those`, or that are not.
    pub(crate) fn narrow(&mut self, those: &[&'p str], among: bool) {
        match self {
            Self::Only(strings) => strings.retain(|string| those.contains(string) == among),
            Self::Without(without) if among => {
                let kept = those.iter().filter(|string| !without.contains(string)).copied().collect();
                *self = Self::Only(kept);
            }
            Self::Without(without) => without.extend(those),
        }
    }

    /// Keeps the strings for which `holds` is true, if they can be listed.
    pub(crate) fn keep(&mut self, holds: impl Fn(&str) -> bool) {
        if let Self::Only(strings) = self {
            strings.retain(|string| holds(string));
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Only(strings) if strings.is_empty())
    }
}

/// The possible values of a field.
#[derive(Clone)]
pub(crate) struct Domain<'p> {
    pub(crate) numbers: Numbers<'p>,
    pub(crate) strings: Strings<'p>,
    /// The booleans.
    pub(crate) may_be_true: bool,
    pub(crate) may_be_false: bool,
    /// A list or an object.
    pub(crate) may_be_compound: bool,
    /// Nothing, or null.
    pub(crate) may_be_absent: bool,
}

impl<'p> Domain<'p> {
    /// All values.
    pub(crate) fn all() -> Self {
        Self {
            numbers: Numbers::default(),
            strings: Strings::Without(Vec::new()),
            may_be_true: true,
            may_be_false: true,
            may_be_compound: true,
            may_be_absent: true,
        }
    }

    pub(crate) fn keep_numbers(&mut self) {
        let numbers = core::mem::take(&mut self.numbers);
        *self = Self { numbers, ..Self::none() };
    }

    pub(crate) fn keep_strings(&mut self) {
        let strings = core::mem::replace(&mut self.strings, Strings::Only(Vec::new()));
        *self = Self { strings, ..Self::none() };
    }

    pub(crate) fn keep_booleans(&mut self) {
        *self = Self { may_be_true: self.may_be_true, may_be_false: self.may_be_false, ..Self::none() };
    }

    /// Keeps one of the booleans.
    pub(crate) fn narrow_to(&mut self, value: bool) {
        self.may_be_true &= value;
        self.may_be_false &= !value;
    }

    pub(crate) fn keep_compound(&mut self) {
        *self = Self { may_be_compound: self.may_be_compound, ..Self::none() };
    }

    pub(crate) fn keep_absent(&mut self) {
        *self = Self { may_be_absent: self.may_be_absent, ..Self::none() };
    }

    pub(crate) fn keep_present(&mut self) {
        self.may_be_absent = false;
    }

    pub(crate) fn keep_scalars(&mut self) {
        self.may_be_absent = false;
        self.may_be_compound = false;
    }

    /// Keeps the values that have a length.
    pub(crate) fn keep_measurable(&mut self) {
        let strings = core::mem::replace(&mut self.strings, Strings::Only(Vec::new()));
        *self = Self { strings, may_be_compound: self.may_be_compound, ..Self::none() };
    }

    fn none() -> Self {
        Self {
            numbers: Numbers::none(),
            strings: Strings::Only(Vec::new()),
            may_be_true: false,
            may_be_false: false,
            may_be_compound: false,
            may_be_absent: false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
            && self.strings.is_empty()
            && !(self.may_be_true || self.may_be_false || self.may_be_compound || self.may_be_absent)
    }
}
