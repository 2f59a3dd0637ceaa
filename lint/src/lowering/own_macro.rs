//! Macros that the file defines. An arm whose matcher is a parameter list is evaluated like a function at each call;
//! the body of any other arm is evaluated once, as written.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::Parser;

use super::Function;
use super::arena::Parsed;
use super::closure::{Closure, ClosureCall};
use super::lower::{Frame, Local, Lower};
use crate::ir::{BodyKind, Builder};
use crate::span::Span;
use crate::value::Value;

/// An arm that behaves like a function.
pub(super) struct Arm {
    parameters: usize,
    body: Closure,
}

impl<'a> Lower<'a> {
    /// Walks each transcriber of `macro_rules!` like the body of a function, with `$name` as a name.
    pub(super) fn item_macro(&mut self, item: &'a syn::ItemMacro) {
        if !item.mac.path.is_ident("macro_rules") {
            self.macro_call(&item.mac);
            return;
        }
        let mut matcher = None;
        let mut tokens = item.mac.tokens.clone().into_iter();
        while let Some(token) = tokens.next() {
            match token {
                // matcher `=>` transcriber `;`
                TokenTree::Punct(punct) if punct.as_char() == '>' => {
                    let Some(TokenTree::Group(body)) = tokens.next() else { continue };
                    let plain = without_dollars(body.stream());
                    let parsed = syn::Block::parse_within.parse2(plain).map_or(Parsed::Nothing, |stmts| {
                        Parsed::Block(syn::Block { brace_token: syn::token::Brace::default(), stmts })
                    });
                    let Parsed::Block(block) = self.keep(parsed) else { continue };
                    let parameters = matcher.take().and_then(parameters_of);
                    let body = self.arm(block, parameters.as_deref().unwrap_or_default());
                    if let (Some(parameters), Some(name)) = (parameters, &item.ident) {
                        let arm = Arm { parameters: parameters.len(), body };
                        self.arms.entry(name.to_string()).or_default().push(arm);
                    }
                }
                TokenTree::Group(group) => matcher = Some(group.stream()),
                _ => {}
            }
        }
    }

    /// Walks the body of an arm as an unnamed function.
    fn arm(&mut self, block: &'a syn::Block, parameters: &[Ident]) -> Closure {
        let test = self.facts.functions.get(self.frame.function).is_some_and(|around| around.test);
        let isolated = self.facts.functions.get(self.frame.function).is_some_and(|around| around.isolated);
        let (function, calls, sinks) = (self.facts.functions.len(), self.facts.calls.len(), self.facts.sinks.len());
        let flow = Builder::new(&mut self.facts.bodies, function, BodyKind::Function);
        let body = Some(flow.body());
        self.facts.functions.push(Function { test, isolated, body, calls: 0..usize::MAX, ..Function::default() });
        let own = Frame {
            function,
            flow,
            within: self.frame.within.clone(),
            parameters: parameters.len(),
            ..Frame::default()
        };
        let outer = std::mem::replace(&mut self.frame, own);
        for (name, index) in parameters.iter().zip(0..) {
            let value = Value::parameter(self.span(name.span()), index);
            self.frame.locals.push(Local::new(name.to_string(), value, 0));
        }
        let returns = self.block(block);
        self.ends(&returns);
        self.assemble_commands(function, calls);
        self.apply_closures();
        self.frame = outer;
        let (calls, sinks) = (calls..self.facts.calls.len(), sinks..self.facts.sinks.len());
        self.facts.functions[function].calls = calls.clone();
        Closure { calls, sinks, returns: Value { call: None, ..returns }, outer: 0, is_whole: true }
    }

    /// Returns the result of a macro of the file for these arguments, if the macro behaves like a function.
    pub(super) fn call_of_own_macro(&mut self, name: &str, arguments: &[Value], span: Span) -> Option<Value> {
        let arm = self.arms.get(name)?.iter().find(|arm| arm.parameters == arguments.len())?;
        let call = ClosureCall::new(arm.body.clone(), format!("{name}!"), arguments.to_vec(), span);
        Some(self.applied_closure(call))
    }
}

/// Returns the names of `$a:expr, $b:ident`; `None` for any other matcher.
fn parameters_of(matcher: TokenStream) -> Option<Vec<Ident>> {
    let tokens: Vec<TokenTree> = matcher.into_iter().collect();
    let is = |token: Option<&TokenTree>, mark: char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    let (mut names, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        let [dollar, TokenTree::Ident(name), colon, TokenTree::Ident(_)] = tokens.get(at..at + 4)? else {
            // `$(,)?` after the last parameter.
            let is_last = is(tokens.get(at), '$') && matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
            return (is_last && at + 3 == tokens.len()).then_some(names);
        };
        if !is(Some(dollar), '$') || !is(Some(colon), ':') {
            return None;
        }
        names.push(name.clone());
        at += 4;
        if at < tokens.len() && is(tokens.get(at), ',') {
            at += 1;
        }
    }
    Some(names)
}

/// Replaces `$name` by `name`, and `$( … ) sep *` by one copy of its content.
fn without_dollars(tokens: TokenStream) -> TokenStream {
    let mut plain = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => {
                if let Some(TokenTree::Group(group)) = tokens.peek() {
                    plain.extend(without_dollars(group.stream()));
                    tokens.next();
                    // The separator and the repetition operator.
                    while let Some(TokenTree::Punct(punct)) = tokens.next() {
                        if matches!(punct.as_char(), '*' | '+' | '?') {
                            break;
                        }
                    }
                }
            }
            TokenTree::Group(group) => {
                let mut inner = proc_macro2::Group::new(group.delimiter(), without_dollars(group.stream()));
                inner.set_span(group.span());
                plain.extend([TokenTree::Group(inner)]);
            }
            other => plain.extend([other]),
        }
    }
    plain
}
