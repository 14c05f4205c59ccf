//! Proves that one condition implies another.
//!
//! A condition is assumed to be true, which narrows the possible values of its fields. These are never underestimated,
//! so each proof is correct, but not every implication is proven.

use alloc::string::String;
use alloc::vec::Vec;

use hashbrown::HashSet;

use crate::condition::{Condition, ConditionKind};
use crate::language::operators::Source;
use crate::policy::check::domain::{Domain, Strings};
use crate::policy::check::guard::assume;
use crate::policy::check::knowledge::Knowledge;
use crate::policy::when::print::print;

/// The most digits of a number that has a binary64 number of its own, so that rounding keeps the order.
const MAX_EXACT_DIGITS: usize = 15;

/// What is known of a call if some conditions are true.
pub(crate) struct Assumed<'p> {
    known: Knowledge<'p>,
    /// The expressions of conditions whose truth value is certain.
    certain: HashSet<(String, bool)>,
    has_exact_numbers: bool,
}

impl<'p> Assumed<'p> {
    /// Assumes that conditions are true; `None` if they cannot be true together.
    pub(crate) fn new(conditions: &[&'p Condition]) -> Option<Self> {
        let has_exact_numbers = conditions.iter().all(|condition| all_numbers_are_exact(condition));
        let mut this = Self { known: Knowledge::default(), certain: HashSet::new(), has_exact_numbers };
        for condition in conditions {
            this.state(condition, true);
        }
        conditions.iter().all(|condition| assume(&mut this.known, condition, true)).then_some(this)
    }

    fn state(&mut self, condition: &Condition, truth: bool) {
        self.certain.insert((print(condition), truth));
        match (&condition.kind, truth) {
            (ConditionKind::All(children), true) | (ConditionKind::Any(children), false) => {
                children.iter().for_each(|child| self.state(child, truth));
            }
            (ConditionKind::Not(inner), _) => self.state(inner, !truth),
            _ => {}
        }
    }

    /// Whether it is proven that a condition does not have this truth value. It may be unknown.
    pub(crate) fn cannot_be(&self, condition: &'p Condition, truth: bool) -> bool {
        if self.certain.contains(&(print(condition), !truth)) {
            return true;
        }
        let by_parts = match (&condition.kind, truth) {
            (ConditionKind::All(children), true) | (ConditionKind::Any(children), false) => {
                children.iter().any(|child| self.cannot_be(child, truth))
            }
            (ConditionKind::All(children), false) | (ConditionKind::Any(children), true) => {
                children.iter().all(|child| self.cannot_be(child, truth))
            }
            (ConditionKind::Not(inner), _) => return self.cannot_be(inner, !truth),
            _ => false,
        };
        by_parts || !assume(&mut self.known.clone(), condition, truth)
    }

    /// Whether it is proven that a condition has this truth value.
    pub(crate) fn must_be(&self, condition: &'p Condition, truth: bool) -> bool {
        if self.certain.contains(&(print(condition), truth)) {
            return true;
        }
        match (&condition.kind, truth) {
            (ConditionKind::All(children), true) | (ConditionKind::Any(children), false) => {
                children.iter().all(|child| self.must_be(child, truth))
            }
            (ConditionKind::All(children), false) | (ConditionKind::Any(children), true) => {
                children.iter().any(|child| self.must_be(child, truth))
            }
            (ConditionKind::Not(inner), _) => self.must_be(inner, !truth),
            _ => self.is_known(condition) && !assume(&mut self.known.clone(), condition, !truth),
        }
    }

    /// Whether it is proven that a check is not unknown.
    fn is_known(&self, check: &Condition) -> bool {
        let fields = check.fields();
        let [field] = fields.as_slice() else { return false };
        let Some(domain) = self.known.values.get(&(field.source, field.path.as_slice())) else {
            // Only this check is about a missing field.
            let is_presence = matches!(check.kind, ConditionKind::FieldPresent(_));
            return is_presence && field.path.len() == 1 && field.source != Source::Item;
        };
        let Types { numbers, strings, booleans } = Types::of(domain);
        let others = domain.may_be_absent || domain.may_be_compound;
        match &check.kind {
            ConditionKind::NumericCheck(check) => {
                !(strings || booleans || others) && self.has_exact_numbers && is_exact(&check.value)
            }
            ConditionKind::StringCheck(_) => !(numbers || booleans || others),
            ConditionKind::BoolCheck(_) => !(numbers || strings || others),
            ConditionKind::LengthCheck(_) => !(numbers || booleans || domain.may_be_absent),
            ConditionKind::FieldPresent(_) => !domain.may_be_absent || field.path.len() == 1,
            _ => false,
        }
    }
}

/// Which types of scalars a field may have.
struct Types {
    numbers: bool,
    strings: bool,
    booleans: bool,
}

impl Types {
    fn of(domain: &Domain<'_>) -> Self {
        Self {
            numbers: !domain.numbers.is_empty(),
            strings: !matches!(&domain.strings, Strings::Only(strings) if strings.is_empty()),
            booleans: domain.may_be_true || domain.may_be_false,
        }
    }
}

/// Whether all numbers that a condition compares with are exact, so that a comparison which is true as decimals and as
/// binary64 numbers implies the other.
fn all_numbers_are_exact(condition: &Condition) -> bool {
    let is_exact = match &condition.kind {
        ConditionKind::NumericCheck(check) => is_exact(&check.value),
        _ => true,
    };
    is_exact && condition.children().iter().all(all_numbers_are_exact)
}

fn is_exact(number: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    digits <= MAX_EXACT_DIGITS && !number.contains(['e', 'E'])
}

/// The conditions as expressions, which are equal if the conditions are.
pub(crate) fn texts_of(conditions: &[&Condition]) -> Vec<String> {
    conditions.iter().map(|condition| print(condition)).collect()
}
