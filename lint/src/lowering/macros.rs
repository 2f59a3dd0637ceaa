//! Macros: parses the arguments as expressions, otherwise as statements; also evaluates bodies of `macro_rules!`.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::SinkKind;
use super::arena::Parsed;
use super::lower::Lower;
use super::narrow::Narrowed;
use super::wrapping::{self, Race};
use crate::ir::{How, Step, Why};
use crate::span::Span;
use crate::tables;
use crate::value::{Piece, Source, Value};

impl<'a> Lower<'a> {
    /// Evaluates a macro in expression or statement position.
    pub(super) fn macro_call(&mut self, call: &'a syn::Macro) -> Value {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let span = call.path.segments.first().map_or_else(Span::default, |segment| self.span(segment.ident.span()));
        let whole = span.to(self.span(call.delimiter.span().close()));
        if call.tokens.is_empty() {
            return if name == "vec" { Value::list(whole, Vec::new()) } else { Value::unknown(whole) };
        }
        if tables::QUOTING.contains(&name.as_str()) {
            return Value::unknown(whole);
        }
        self.tokens_command(call, whole);
        if let Some(value) = self.wrapped(&name, call, whole) {
            return value;
        }
        let arena = self.keep(parse_arguments(&call.tokens));
        let arguments = match arena {
            Parsed::Expressions(expressions) => {
                let enclosure = self.enter(format!("{name}!"));
                let values: Vec<Value> = expressions.iter().map(|argument| self.expression(argument)).collect();
                self.frame.enclosure = enclosure;
                if (name.starts_with("assert") || name.starts_with("debug_assert") || name == "ensure")
                    && let Some(condition) = expressions.first()
                {
                    let narrowed = self.narrow(condition, true);
                    self.settle(narrowed);
                }
                values
            }
            Parsed::Block(block) => {
                let last = self.block(block);
                // `vec![item; length]` parses as two statements.
                if name == "vec" && last.interests() {
                    self.sink(SinkKind::Size, last, whole, "vec![…; n]".to_owned(), None);
                }
                Vec::new()
            }
            Parsed::Items(_) | Parsed::Blocks(_) | Parsed::Race(_) | Parsed::Nothing => Vec::new(),
        };
        if name.starts_with("assert") || ["panic", "unreachable", "bail", "ensure"].contains(&name.as_str()) {
            match name.as_str() {
                "panic" | "unreachable" => self.frame.flow.leave(&mut self.facts.bodies, Why::Panic(None), whole),
                "bail" => self.frame.flow.leave(&mut self.facts.bodies, Why::Try(None), whole),
                "ensure" => self.frame.flow.may_leave(&mut self.facts.bodies, Why::Try(None), whole, None),
                _ => self.frame.flow.may_leave(&mut self.facts.bodies, Why::Panic(None), whole, None),
            }
        }
        match name.as_str() {
            "vec" | "array" | "smallvec" | "svec" => {
                let list = Value::list(whole, arguments);
                self.steps_of(&list, |object| Step::Stored { object, span: whole });
                return list;
            }
            "format" | "concat" | "format_args" | "formatcp" => return self.formatted(&name, whole, &arguments),
            "env" | "option_env" => {
                let mut value = Value::unknown(whole);
                if let Some((_, origin)) = tables::SOURCE_MACROS.iter().find(|(known, _)| *known == name) {
                    let name = arguments.first().and_then(Value::constant);
                    // Cargo sets its own variables; the caller of the test does not choose them.
                    if !name.as_ref().is_some_and(|name| name.starts_with("CARGO")) {
                        value.sources.push(Source { origin: *origin, name, span: whole });
                        self.reads = true;
                    }
                }
                return value;
            }
            "join" | "try_join" if arguments.len() > 1 => {
                for future in arguments.iter().filter_map(|argument| argument.call) {
                    self.facts.calls[future].awaited = true;
                    self.step(Step::Await { of: Some(future), span: whole });
                }
                return Value::list(whole, arguments);
            }
            "join" | "dbg" => return arguments.into_iter().next().unwrap_or_else(|| Value::unknown(whole)),
            _ => {}
        }
        if let Some(value) = self.call_of_own_macro(&name, &arguments, whole) {
            return value;
        }
        let path = format!("{}!", self.resolve(&call.path));
        if name == "cmd"
            && let Some(argv) = self.templated_command(&path, &arguments, whole)
        {
            return self.record(tables::COMMAND_OF_TEXT.to_owned(), "cmd!".to_owned(), None, argv, whole, span);
        }
        let looks_only = tables::is_looking(&name);
        if !looks_only {
            for argument in &arguments {
                self.escape(argument);
            }
        }
        // `t!(…)`, `assert_ok!(…)` and similar macros return their argument.
        let is_program = tables::WORKSPACE_PROGRAMS.contains(&format!("{name}!").as_str());
        let passes = !looks_only && !is_program && !tables::is_command(&path);
        let same = if let [only] = arguments.as_slice() { Some(only.clone()).filter(|_| passes) } else { None };
        let to = self.facts.calls.len();
        let given = arguments.clone();
        let recorded = self.record(path, format!("{name}!"), None, arguments, whole, span);
        let how = if looks_only { How::Lent } else { How::Moved };
        for (argument, value) in given.iter().enumerate() {
            self.steps_of(value, |object| Step::Given { object, to, argument, how });
        }
        same.unwrap_or(recorded)
    }

    /// Evaluates `format!`: the text of the template with the arguments inserted.
    pub(super) fn formatted(&mut self, name: &str, span: Span, arguments: &[Value]) -> Value {
        let mut value = Value { pieces: Vec::new(), ..Value::unknown(span) };
        if name == "concat" {
            for argument in arguments {
                value.append(argument);
            }
            return value;
        }
        let Some(template) = arguments.first().and_then(Value::constant) else { return Value::unknown(span) };
        let mut positional = arguments.iter().skip(1);
        let mut text = String::new();
        let mut characters = template.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '{' if characters.peek() == Some(&'{') => {
                    characters.next();
                    text.push('{');
                }
                '}' if characters.peek() == Some(&'}') => {
                    characters.next();
                    text.push('}');
                }
                '{' => {
                    let inside: String = characters.by_ref().take_while(|character| *character != '}').collect();
                    let name = inside.split(':').next().unwrap_or_default().trim();
                    let part = if name.is_empty() {
                        positional.next().cloned()
                    } else if let Ok(index) = name.parse::<usize>() {
                        arguments.get(index + 1).cloned()
                    } else {
                        self.named(name, span)
                    };
                    if !text.is_empty() {
                        value.append(&Value::text(span, std::mem::take(&mut text)));
                    }
                    value.append(&part.unwrap_or_else(|| Value::unknown(span)));
                }
                other => text.push(other),
            }
        }
        if !text.is_empty() || value.pieces.is_empty() {
            value.append(&Value::text(span, text));
        }
        if value.pieces.iter().all(|piece| matches!(piece, Piece::Text(text) if text.is_empty())) {
            value.pieces = vec![Piece::Text(String::new())];
        }
        value
    }

    /// Narrows variables by a `matches!` that holds.
    pub(super) fn narrow_to_matches(&mut self, call: &'a syn::Macro, before: &mut Vec<Narrowed>) {
        if !call.path.is_ident("matches") {
            return;
        }
        if let Parsed::Expressions(tests) = self.keep(parse_matches(call.tokens.clone())) {
            for test in tests {
                self.narrow_by(test, true, before);
            }
        }
    }

    fn named(&mut self, name: &str, place: Span) -> Option<Value> {
        let local = self.frame.locals.iter().rev().find(|local| local.name == name).map(|local| local.value.clone());
        local.or_else(|| self.constant(name, place))
    }

    /// Evaluates a macro in a body whose tokens contain wrapped code.
    fn wrapped(&mut self, name: &str, call: &'a syn::Macro, whole: Span) -> Option<Value> {
        if tables::SELECTS.contains(&name) {
            let Parsed::Race(race) = self.keep(Parsed::Race(Race::parse(call.tokens.clone())?)) else { return None };
            return Some(self.race(race, name, whole));
        }
        let Parsed::Blocks(blocks) = self.keep(Parsed::Blocks(wrapping::blocks(name, &call.tokens)?)) else {
            return None;
        };
        let from = self.frame.flow.here();
        let (mut ends, mut result) = (Vec::new(), None::<Value>);
        for block in blocks {
            self.follow(from, Why::Arm, None);
            let value = if blocks.len() == 1 { self.block(block) } else { self.branch(|lower| lower.block(block)) };
            ends.push((self.frame.flow.here(), Why::Next));
            result = Some(result.map_or(value.clone(), |before| before.join(&value)));
        }
        self.meet(&ends);
        result
    }

    /// Evaluates a race: waits for all futures at once, then runs the arm of one of them.
    fn race(&mut self, race: &'a Race, name: &str, whole: Span) -> Value {
        let enclosure = self.enter(format!("{name}!"));
        let mut given = Vec::new();
        for arm in &race.0 {
            let value = arm.waits.as_ref().map(|(_, future)| self.expression(future));
            if let Some(guard) = &arm.guard {
                self.expression(guard);
            }
            given.push(value);
        }
        self.frame.enclosure = enclosure;
        let futures: Vec<Value> = given.iter().flatten().cloned().collect();
        let to = self.facts.calls.len();
        self.record_own(format!("{name}!"), format!("{name}!"), None, futures.clone(), whole, whole);
        for (argument, value) in futures.iter().enumerate() {
            self.steps_of(value, |object| Step::Given { object, to, argument, how: How::Moved });
        }
        let from = self.frame.flow.here();
        let (mut ends, mut result) = (Vec::new(), None::<Value>);
        for (arm, given) in race.0.iter().zip(given) {
            self.follow(from, Why::Arm, None);
            let value = self.branch(|lower| {
                if let (Some((pattern, _)), Some(given)) = (&arm.waits, given) {
                    lower.bind(pattern, given);
                }
                lower.expression(&arm.body)
            });
            ends.push((self.frame.flow.here(), Why::Next));
            result = Some(result.map_or(value.clone(), |before| before.join(&value)));
        }
        self.meet(&ends);
        result.unwrap_or_else(|| Value::unknown(whole))
    }

    /// Returns the items of a macro in item position, and whether they are tests: statics, or wrapped code.
    pub(super) fn items_of(&mut self, item: &'a syn::ItemMacro) -> Option<(&'a [syn::Item], bool)> {
        let name = item.mac.path.segments.last()?.ident.to_string();
        if name == "macro_rules" {
            return None;
        }
        if !tables::STATICS.contains(&name.as_str()) {
            let Parsed::Items(items) = self.keep(Parsed::Items(wrapping::items(&name, &item.mac.tokens)?)) else {
                return None;
            };
            return Some((items, tables::TEST_MACROS.contains(&name.as_str())));
        }
        let tokens = item.mac.tokens.clone().into_iter();
        // `static ref NAME`
        let plain = tokens.filter(|token| !matches!(token, TokenTree::Ident(word) if word == "ref"));
        let file: syn::File = syn::parse2(terminated(plain.collect())).ok()?;
        match self.keep(Parsed::Items(file.items)) {
            Parsed::Items(items) => Some((items, false)),
            _ => None,
        }
    }
}

/// Adds the semicolon after the last item, which `thread_local!` does not require.
fn terminated(tokens: TokenStream) -> TokenStream {
    let end = TokenTree::Punct(proc_macro2::Punct::new(';', proc_macro2::Spacing::Alone));
    let is_ended = matches!(tokens.clone().into_iter().last(), Some(TokenTree::Punct(last)) if last.as_char() == ';');
    if is_ended { tokens } else { tokens.into_iter().chain([end]).collect() }
}

/// Parses `matches!(value, pattern if guard)` as `let pattern = value && guard`.
fn parse_matches(tokens: TokenStream) -> Parsed {
    let parser = |input: syn::parse::ParseStream<'_>| {
        let value: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        let pattern = syn::Pat::parse_multi_with_leading_vert(input)?;
        let guard = if input.parse::<Option<Token![if]>>()?.is_some() { Some(input.parse::<Expr>()?) } else { None };
        input.parse::<Option<Token![,]>>()?;
        Ok((value, pattern, guard))
    };
    let Ok((value, pattern, guard)) = parser.parse2(tokens) else { return Parsed::Nothing };
    let test = Expr::Let(syn::ExprLet {
        attrs: Vec::new(),
        let_token: <Token![let]>::default(),
        pat: Box::new(pattern),
        eq_token: <Token![=]>::default(),
        expr: Box::new(value),
    });
    Parsed::Expressions([test].into_iter().chain(guard).collect())
}

/// Parses comma-separated expressions, otherwise statements.
fn parse_arguments(tokens: &TokenStream) -> Parsed {
    let expressions = |tokens: TokenStream| Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens);
    if let Ok(arguments) = expressions(tokens.clone()) {
        return Parsed::Expressions(arguments.into_iter().collect());
    }
    if let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) {
        return Parsed::Block(syn::Block { brace_token: syn::token::Brace::default(), stmts: statements });
    }
    // `matches!`, `json!` and embedded languages: parse the parts between commas, arrows and semicolons.
    let mut found = Vec::new();
    let mut part = TokenStream::new();
    for token in tokens.clone() {
        if matches!(&token, TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';' | '=' | '>' | ':')) {
            found.extend(syn::parse2::<Expr>(std::mem::take(&mut part)));
        } else {
            part.extend([token]);
        }
    }
    found.extend(syn::parse2::<Expr>(part));
    if found.is_empty() { Parsed::Nothing } else { Parsed::Expressions(found) }
}
