//! The first and last token of an expression, found without converting it to tokens as `syn::spanned` does.

use proc_macro2::Span;
use syn::Expr;
use syn::spanned::Spanned;

/// Returns the span of the first token.
pub(super) fn first(expression: &Expr) -> Span {
    match expression {
        Expr::MethodCall(call) => first(&call.receiver),
        Expr::Field(field) => first(&field.base),
        Expr::Await(wait) => first(&wait.base),
        Expr::Try(attempt) => first(&attempt.expr),
        Expr::Call(call) => first(&call.func),
        Expr::Binary(binary) => first(&binary.left),
        Expr::Index(index) => first(&index.expr),
        Expr::Cast(cast) => first(&cast.expr),
        Expr::Path(path) if path.qself.is_none() => {
            path.path.segments.first().map_or_else(|| path.span(), |s| s.ident.span())
        }
        Expr::Lit(literal) => literal.lit.span(),
        Expr::Macro(call) => call.mac.path.segments.first().map_or_else(|| call.span(), |s| s.ident.span()),
        Expr::Reference(reference) => reference.and_token.span,
        Expr::Struct(literal) => literal.path.segments.first().map_or_else(|| literal.span(), |s| s.ident.span()),
        Expr::Array(array) => array.bracket_token.span.open(),
        Expr::Paren(paren) => paren.paren_token.span.open(),
        Expr::Tuple(tuple) => tuple.paren_token.span.open(),
        Expr::Block(block) if block.label.is_none() => block.block.brace_token.span.open(),
        Expr::If(branch) => branch.if_token.span,
        Expr::Match(choice) => choice.match_token.span,
        Expr::Unsafe(block) => block.unsafe_token.span,
        Expr::Async(block) => block.async_token.span,
        other => other.span(),
    }
}

/// Returns the span of the last token.
pub(super) fn last(expression: &Expr) -> Span {
    match expression {
        Expr::MethodCall(call) => call.paren_token.span.close(),
        Expr::Call(call) => call.paren_token.span.close(),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => name.span(),
            syn::Member::Unnamed(index) => index.span,
        },
        Expr::Await(wait) => wait.await_token.span,
        Expr::Try(attempt) => attempt.question_token.span,
        Expr::Binary(binary) => last(&binary.right),
        Expr::Index(index) => index.bracket_token.span.close(),
        Expr::Path(path) => path.path.segments.last().map_or_else(
            || path.span(),
            |segment| match &segment.arguments {
                syn::PathArguments::AngleBracketed(generics) => generics.gt_token.span,
                _ => segment.ident.span(),
            },
        ),
        Expr::Lit(literal) => literal.lit.span(),
        Expr::Macro(call) => call.mac.delimiter.span().close(),
        Expr::Reference(reference) => last(&reference.expr),
        Expr::Struct(literal) => literal.brace_token.span.close(),
        Expr::Array(array) => array.bracket_token.span.close(),
        Expr::Paren(paren) => paren.paren_token.span.close(),
        Expr::Tuple(tuple) => tuple.paren_token.span.close(),
        Expr::Block(block) => block.block.brace_token.span.close(),
        Expr::Match(choice) => choice.brace_token.span.close(),
        Expr::Unsafe(block) => block.block.brace_token.span.close(),
        Expr::Async(block) => block.block.brace_token.span.close(),
        other => other.span(),
    }
}
