//! What keeps a predicate from being as its rule asks.

/// What kept a predicate from being as its rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PredicateProblem {
    /// The value is present and is not as asked.
    Value,
    /// The field is missing.
    Missing,
    /// The field is null.
    Null,
    /// The field is of a type that the predicate does not compare.
    WrongType,
    /// The field is ambiguous as a path, a URL or an address.
    Ambiguous,
}

impl PredicateProblem {
    /// The problem's name in answers.
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
