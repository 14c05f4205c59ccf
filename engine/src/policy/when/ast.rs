//! The syntax tree of an expression, before it is known what its names mean.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::language::operators::NumericOp;
use crate::policy::text::spanned::Spanned;

/// An expression and its bytes in the text of the expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) span: Range<usize>,
    pub(crate) kind: ExprKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ExprKind {
    /// A chain of `&&`, without the parts in parentheses.
    And(Vec<Expr>),
    /// A chain of `||`, without the parts in parentheses.
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// `a ? b : c`.
    Conditional(Box<[Expr; 3]>),
    Compare(Box<Expr>, NumericOp, Box<Expr>),
    In(Box<Expr>, Box<Expr>),
    Null,
    Bool(bool),
    /// A number as the text spells it, which JSON would spell the same.
    Number(String),
    Text(String),
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// A name, or a call of a function, and what follows it.
    Chain(Start, Vec<Step>),
    /// Another expression, and what follows it.
    Of(Box<Expr>, Vec<Step>),
}

/// The start of a chain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Start {
    Name(Spanned<String>),
    Call(Spanned<String>, Vec<Expr>),
}

/// What follows a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// `.name`
    Select(Spanned<String>),
    /// `[index]`
    Index(Expr),
    /// `.name(arguments)`
    Call(Spanned<String>, Vec<Expr>),
}
