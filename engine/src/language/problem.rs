//! Why a check does not have the required result.

/// Why a check does not have the result that its rule requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PredicateProblem {
    /// The value is present and does not satisfy the check.
    Value,
    /// The field is missing.
    Missing,
    /// The field is null.
    Null,
    /// The field has a type that the check does not compare.
    WrongType,
    /// The field is ambiguous as a path, a URL or an address.
    Ambiguous,
}

impl PredicateProblem {
    /// The problem's name in responses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::Missing => "missing",
            Self::Null => "null",
            Self::WrongType => "wrong_type",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// Whether the field has a value that the check cannot compare.
    pub(crate) fn is_of_present_value(self) -> bool {
        matches!(self, Self::WrongType | Self::Ambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_have_the_names_that_programs_know() {
        let problems = [
            PredicateProblem::Value,
            PredicateProblem::Missing,
            PredicateProblem::Null,
            PredicateProblem::WrongType,
            PredicateProblem::Ambiguous,
        ];
        assert_eq!(problems.map(PredicateProblem::name), ["value", "missing", "null", "wrong_type", "ambiguous"]);
    }
}
