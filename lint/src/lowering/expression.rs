//! The abstract interpretation of expressions and statements: computes the known facts about each value.

mod binary;

use syn::{Block, Expr, Lit, Member, Pat, Stmt, UnOp};

use super::extent;
use super::lower::{Local, Loop, Lower};
use super::{Rounds, SinkKind};
use crate::ir::{BodyKind, Builder, Step, Why};
use crate::resolve::qualifier_and_name;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Value};

/// A loop with at most this number of rounds ends soon, even without a pause.
const FEW_ROUNDS: f64 = 1000.0;

impl<'a> Lower<'a> {
    /// Returns the byte range of an expression.
    pub(super) fn extent(&self, expression: &Expr) -> Span {
        self.span(extent::first(expression)).to(self.span(extent::last(expression)))
    }

    /// Evaluates the statements; returns the value of the last one without a semicolon.
    pub(super) fn block(&mut self, block: &'a Block) -> Value {
        let locals = self.frame.locals.len();
        for statement in &block.stmts {
            match statement {
                Stmt::Item(syn::Item::Use(item)) => self.uses.add(&item.tree, &self.frame.within),
                Stmt::Item(item) => self.declare_nested(item),
                _ => {}
            }
        }
        // Blocks may have different constants with the same name.
        for statement in &block.stmts {
            let (name, expression, declared) = match statement {
                Stmt::Item(syn::Item::Const(item)) => (&item.ident, &item.expr, &item.ty),
                Stmt::Item(syn::Item::Static(item)) => (&item.ident, &item.expr, &item.ty),
                _ => continue,
            };
            let mut value = self.expression(expression);
            self.narrow_to_type(&mut value, declared);
            self.may_change(&name.to_string(), &mut value, declared);
            self.frame.locals.push(Local::new(name.to_string(), value, self.frame.depth));
        }
        let mut value = Value::unknown(Span::default());
        for statement in &block.stmts {
            value = Value::unknown(Span::default());
            match statement {
                Stmt::Local(local) => {
                    let Some(init) = &local.init else {
                        self.bind(&local.pat, Value::unknown(Span::default()));
                        continue;
                    };
                    if let (Expr::Closure(closure), Pat::Ident(name)) = (&*init.expr, &local.pat) {
                        let (value, closure) = self.named_closure(closure);
                        let local = Local::new(name.ident.to_string(), value, self.frame.depth);
                        self.frame.locals.push(Local { closure: Some(closure), ..local });
                        continue;
                    }
                    let made = match &local.pat {
                        Pat::Type(typed) => self.made_default(&init.expr, &typed.ty),
                        _ => None,
                    };
                    let given = made.unwrap_or_else(|| self.expression(&init.expr));
                    if let Some((_, otherwise)) = &init.diverge {
                        let from = self.frame.flow.here();
                        self.follow(from, Why::Arm, given.call);
                        self.branch(|lower| lower.expression(otherwise));
                        self.follow(from, Why::Next, None);
                    }
                    if matches!(local.pat, Pat::Wild(_)) {
                        self.leaves_unread(&init.expr, &given);
                        let span = given.span;
                        self.steps_of(&given, |object| Step::Dropped { object, span });
                        continue;
                    }
                    let first = self.frame.locals.len();
                    let is_own_lock = self.makes_lock(&init.expr);
                    self.bind(&local.pat, given);
                    let owns = !matches!(&*init.expr, Expr::Reference(_));
                    for local in &mut self.frame.locals[first..] {
                        (local.owns, local.is_own_lock) = (owns, is_own_lock);
                    }
                    if matches!(&*init.expr, Expr::Reference(inner) if inner.mutability.is_some()) {
                        self.vary(first);
                    }
                }
                Stmt::Expr(expression, semicolon) => {
                    let given = self.expression(expression);
                    if semicolon.is_none() {
                        value = given;
                    } else {
                        self.leaves_unread(expression, &given);
                    }
                }
                Stmt::Macro(statement) => value = self.macro_call(&statement.mac),
                Stmt::Item(_) => {}
            }
        }
        self.end_scope(locals, &value);
        self.frame.locals.truncate(locals);
        value
    }

    /// Drops the variables after the first `locals`; the objects in the block's result stay alive.
    fn end_scope(&mut self, locals: usize, value: &Value) {
        for at in (locals..self.frame.locals.len()).rev() {
            let local = &self.frame.locals[at];
            let object = local.value.object().filter(|object| local.owns && value.object() != Some(*object));
            if let Some(object) = object {
                self.step(Step::Dropped { object, span: Span::default() });
            }
        }
    }

    /// Continues in a new block that follows the block `from`.
    pub(super) fn follow(&mut self, from: usize, why: Why, lacks: Option<usize>) {
        self.frame.flow.follow(&mut self.facts.bodies, from, why, lacks);
    }

    /// Continues in a new block that joins several blocks.
    pub(super) fn meet(&mut self, ends: &[(usize, Why)]) {
        self.frame.flow.meet(&mut self.facts.bodies, ends);
    }

    /// Evaluates code with its own body, such as a closure.
    pub(super) fn own_body(&mut self, kind: BodyKind, span: Span, walk: impl FnOnce(&mut Self) -> Value) -> Value {
        let flow = Builder::new(&mut self.facts.bodies, self.frame.function, kind);
        let body = flow.body();
        let around = std::mem::replace(&mut self.frame.flow, flow);
        let loops = std::mem::take(&mut self.frame.loops);
        let returns = self.frame.returns.take();
        let tail = walk(self);
        self.ends(&tail);
        let early = std::mem::replace(&mut self.frame.returns, returns);
        self.frame.flow = around;
        self.frame.loops = loops;
        self.step(Step::Made { body, span });
        Value { body: Some(body), ..early.map_or(tail.clone(), |early| early.join(&tail)) }
    }

    /// Evaluates code that may not run: joins its assignments with the earlier values.
    pub(super) fn branch(&mut self, walk: impl FnOnce(&mut Self) -> Value) -> Value {
        let locals = self.frame.locals.len();
        let settled = self.frame.settled.len();
        self.frame.depth += 1;
        let value = walk(self);
        self.frame.depth -= 1;
        self.unsettle(settled);
        self.frame.locals.truncate(locals);
        value
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of expression")]
    pub(super) fn expression(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::Lit(literal) => self.literal(&literal.lit),
            Expr::Path(path) => self.path(&path.path, expression),
            Expr::Reference(inner) => self.expression(&inner.expr),
            Expr::Paren(inner) => self.expression(&inner.expr),
            Expr::Group(inner) => self.expression(&inner.expr),
            Expr::Unary(unary) => {
                let mut value = self.expression(&unary.expr);
                if let UnOp::Neg(_) = unary.op {
                    value.bounds = Interval { low: -value.bounds.high, high: -value.bounds.low };
                }
                if let UnOp::Not(_) = unary.op
                    && let Some(truth) = value.constant().and_then(|text| text.parse::<bool>().ok())
                {
                    value = Value::text(self.extent(expression), (!truth).to_string());
                }
                value
            }
            Expr::Try(attempt) => {
                let value = self.expression(&attempt.expr);
                let span = self.span(attempt.question_token.span);
                self.frame.flow.may_leave(&mut self.facts.bodies, Why::Try(value.call), span, value.call);
                value
            }
            Expr::Await(wait) => {
                let calls = self.facts.calls.len();
                let value = self.expression(&wait.base);
                // A function that is called for the first time is walked at its call, so its calls may come last.
                let function = self.frame.function;
                let mut new = self.facts.calls[calls..].iter_mut().rev();
                if let Some(call) = new.find(|call| call.function == function) {
                    call.awaited = true;
                }
                let span = self.extent(expression);
                self.message_awaited(wait, &value, span);
                self.step(Step::Await { of: value.call, span });
                value
            }
            Expr::Cast(cast) => {
                let mut value = self.expression(&cast.expr);
                if let Some(bounds) = self.bounds_of(&cast.ty) {
                    // A cast wraps around if the value does not fit, so only a value within the type keeps its bounds.
                    let fits = value.bounds.low >= bounds.low && value.bounds.high <= bounds.high;
                    value.bounds = if fits { value.bounds } else { bounds };
                    if !fits && value.interests() {
                        value.cut = Some(self.extent(expression));
                    }
                }
                value
            }
            Expr::Field(field) => {
                let base = self.expression(&field.base);
                let span = self.extent(expression);
                match &field.member {
                    Member::Named(name) => self.field_of(&base, &name.to_string(), span),
                    Member::Unnamed(index) => self.field_of(&base, &index.index.to_string(), span),
                }
            }
            Expr::Binary(binary) => self.binary(binary, expression),
            Expr::Assign(assign) => {
                let value = self.expression(&assign.right);
                if matches!(&*assign.left, Expr::Infer(_)) {
                    self.leaves_unread(&assign.right, &value);
                }
                self.assign(&assign.left, value);
                Value::unknown(Span::default())
            }
            Expr::Block(block) if block.label.is_some() => {
                self.round(block.label.as_ref(), false, |lower| (lower.block(&block.block), None))
            }
            Expr::Block(block) => self.block(&block.block),
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::Const(block) => self.block(&block.block),
            Expr::Async(block) => {
                let around = self.frame.surroundings;
                self.frame.surroundings.asynchronous = true;
                let span = self.extent(expression);
                let value = self.own_body(BodyKind::Async, span, |lower| lower.block(&block.block));
                self.frame.surroundings = around;
                value
            }
            Expr::If(branch) => self.conditional(branch),
            Expr::Match(choice) => self.choice(choice),
            Expr::Let(test) => {
                let value = self.expression(&test.expr);
                self.frame.tested = value.call.zip(presence(&test.pat));
                self.bind(&test.pat, value);
                Value::unknown(Span::default())
            }
            Expr::Loop(repeat) => {
                let first = self.facts.calls.len();
                let value = self.round(repeat.label.as_ref(), true, |lower| {
                    lower.widen(&repeat.body);
                    lower.repeated(Rounds::Many, |lower| lower.block(&repeat.body));
                    (Value::unknown(Span::default()), None)
                });
                let keyword = self.span(repeat.loop_token.span);
                let surroundings = self.frame.surroundings;
                if surroundings.asynchronous && !surroundings.closure && super::repeat::does_nothing(&repeat.body) {
                    self.facts.spins.push((self.frame.function, keyword));
                }
                self.repeats(keyword, expression, first);
                value
            }
            Expr::While(repeat) => {
                let first = self.facts.calls.len();
                let value = self.round(repeat.label.as_ref(), true, |lower| {
                    let mut ends_at = None;
                    lower.widen(&repeat.body);
                    let value = lower.repeated(Rounds::Many, |lower| {
                        lower.expression(&repeat.cond);
                        let tested = lower.frame.tested.take();
                        let lacks = |holds: bool| tested.filter(|(_, has)| *has != holds).map(|(call, _)| call);
                        lower.round_count(&repeat.cond);
                        let from = lower.frame.flow.here();
                        ends_at = Some((from, lacks(false)));
                        lower.follow(from, Why::Arm, lacks(true));
                        let before = lower.narrow(&repeat.cond, true);
                        let value = lower.block(&repeat.body);
                        lower.restore(before);
                        value
                    });
                    (value, ends_at)
                });
                self.repeats(self.span(repeat.while_token.span), expression, first);
                value
            }
            Expr::ForLoop(repeat) => {
                let mut over = self.expression(&repeat.expr);
                self.loop_count(&repeat.expr, &over);
                let item_type = over.item_type();
                let end = over.field("end").and_then(Value::exact).filter(|_| over.items.is_none());
                let is_short = over.items.is_some() || end.is_some_and(|end| end <= FEW_ROUNDS);
                let rounds = if is_short { Rounds::Few } else { Rounds::Many };
                if let Some(items) = over.items.take() {
                    over = Value::any_of(&items, over.span);
                }
                over.ty = item_type.or(over.ty.filter(|_| over.body.is_some()));
                self.round(repeat.label.as_ref(), true, |lower| {
                    let from = lower.frame.flow.here();
                    lower.follow(from, Why::Arm, None);
                    lower.widen(&repeat.body);
                    let value = lower.repeated(rounds, |lower| {
                        lower.bind(&repeat.pat, over);
                        lower.block(&repeat.body)
                    });
                    (value, Some((from, None)))
                })
            }
            Expr::Closure(closure) => self.closure(closure, &[]),
            Expr::Return(end) => {
                if let Some(value) = &end.expr {
                    let value = self.expression(value);
                    let span = self.extent(expression);
                    self.steps_of(&value, |object| Step::Returned { object, span });
                    self.frame.returns = Some(match self.frame.returns.take() {
                        Some(before) => before.join(&value),
                        None => value,
                    });
                }
                let span = self.span(end.return_token.span);
                self.frame.flow.leave(&mut self.facts.bodies, Why::Return, span);
                Value::unknown(Span::default())
            }
            Expr::Break(end) => {
                let value = end.expr.as_ref().map(|value| self.expression(value));
                let label = end.label.as_ref().map(|label| label.ident.to_string());
                let span = self.span(end.break_token.span);
                let around = self.frame.flow.jump(&mut self.facts.bodies, label.as_deref(), Why::Break, span);
                if let Some(Loop { given, .. }) = around.and_then(|around| self.frame.loops.get_mut(around))
                    && let Some(value) = value
                {
                    *given = Some(match given.take() {
                        Some(before) => before.join(&value),
                        None => value,
                    });
                }
                Value::unknown(Span::default())
            }
            Expr::Continue(end) => {
                let label = end.label.as_ref().map(|label| label.ident.to_string());
                let span = self.span(end.continue_token.span);
                self.frame.flow.jump(&mut self.facts.bodies, label.as_deref(), Why::Continue, span);
                Value::unknown(Span::default())
            }
            Expr::Call(call) => self.call(call, expression),
            Expr::MethodCall(call) => self.method_call(call, expression),
            Expr::Macro(call) => self.macro_call(&call.mac),
            Expr::Array(array) => {
                let list = self.list(array.elems.iter(), expression);
                let span = list.span;
                self.steps_of(&list, |object| Step::Stored { object, span });
                list
            }
            Expr::Tuple(tuple) => self.list(tuple.elems.iter(), expression),
            Expr::Repeat(array) => {
                let length = self.expression(&array.len);
                if length.interests() {
                    self.sink(SinkKind::Size, length, self.extent(expression), "[…; n]".to_owned(), None);
                }
                let count = array_length(&array.len);
                let item = self.expression(&array.expr);
                if let Some(count) = count {
                    return Value::list(self.extent(expression), vec![item; count]);
                }
                let mut value = Value::unknown(self.extent(expression));
                value.taint_from(&item);
                value
            }
            Expr::Struct(literal) => {
                let mut value = Value::unknown(self.extent(expression));
                if let Some(rest) = &literal.rest {
                    let own = is_default(rest).then(|| self.default_of(&literal.path, value.span)).flatten();
                    value.fields = own.unwrap_or_else(|| self.expression(rest)).fields;
                }
                for field in &literal.fields {
                    let mut given = self.expression(&field.expr);
                    if self.is_never_read(&literal.path, &field.member) {
                        given.call = None;
                    }
                    self.store(&given);
                    if let Member::Named(name) = &field.member {
                        let bounds = self.field(&name.to_string()).bounds;
                        given.bounds = bounds.map_or(given.bounds, |bounds| given.bounds.meet(bounds));
                        value.fields.retain(|(known, _)| name != known);
                        value.fields.push((name.to_string(), given));
                    }
                }
                value.path = Some(self.resolve(&literal.path));
                value.ty = self.made_type(&written(&literal.path));
                value
            }
            Expr::Index(index) => {
                let base = self.expression(&index.expr);
                let at = self.expression(&index.index);
                if let (Some(items), Expr::Range(range)) = (&base.items, &*index.index)
                    && range.end.is_none()
                {
                    let from = items.iter().zip(0_u32..).filter(|(_, place)| f64::from(*place) >= at.bounds.low);
                    return Value {
                        call: base.call,
                        ..Value::list(base.span, from.map(|(item, _)| item.clone()).collect())
                    };
                }
                if let (Some(items), Some(at)) = (&base.items, at.exact())
                    && let Some((item, _)) = items.iter().zip(0_u32..).find(|(_, place)| f64::from(*place) >= at)
                {
                    return Value { call: item.call.or(base.call), ..item.clone() };
                }
                let is_range = matches!(&*index.index, Expr::Range(_));
                if let Some(items) = base.items.as_ref().filter(|items| !is_range && !items.is_empty()) {
                    let item = Value::any_of(items, base.span);
                    return Value { call: item.call.or(base.call), ..item };
                }
                let mut value = Value::unknown(base.span);
                value.taint_from(&base);
                if is_range {
                    // A part of a unique text may not be unique.
                    value
                        .sources
                        .iter_mut()
                        .filter(|source| source.origin == Origin::Random)
                        .for_each(|source| source.name = None);
                }
                value.call = value.call.or(base.call);
                value.split = base.split;
                value.ty = if is_range { base.ty } else { base.item_type() };
                value
            }
            Expr::Range(range) => {
                let span = self.extent(expression);
                let start = range.start.as_ref().map(|start| self.expression(start));
                let end = range.end.as_ref().map(|end| self.expression(end));
                let mut value = Value::unknown(span);
                value.bounds.low = start.as_ref().map_or(f64::NEG_INFINITY, |start| start.bounds.low);
                value.bounds.high = end.as_ref().map_or(f64::INFINITY, |end| end.bounds.high);
                for end in start.iter().chain(&end) {
                    value.taint_from(end);
                }
                value.fields = [("start", start), ("end", end)]
                    .into_iter()
                    .filter_map(|(name, end)| Some((name.to_owned(), end?)))
                    .collect();
                value
            }
            _ => Value::unknown(Span::default()),
        }
    }

    pub(super) fn literal(&mut self, literal: &Lit) -> Value {
        let span = self.span(literal.span());
        match literal {
            Lit::Str(text) => Value::text(span, text.value()),
            Lit::ByteStr(text) => Value::text(span, String::from_utf8_lossy(&text.value())),
            Lit::CStr(text) => Value::text(span, text.value().to_string_lossy()),
            Lit::Char(text) => Value::text(span, text.value()),
            Lit::Int(number) => {
                number.base10_parse().map_or(Value::unknown(span), |number| Value::number(span, number))
            }
            Lit::Float(number) => {
                number.base10_parse().map_or(Value::unknown(span), |number| Value::number(span, number))
            }
            Lit::Bool(truth) => Value::text(span, truth.value.to_string()),
            _ => Value::unknown(span),
        }
    }

    fn path(&mut self, path: &syn::Path, expression: &Expr) -> Value {
        let span = self.extent(expression);
        if let Some(name) = path.get_ident() {
            let name = name.to_string();
            if let Some(local) = self.frame.locals.iter().rev().find(|local| local.name == name) {
                return local.value.clone();
            }
        }
        let resolved = self.resolve(path);
        let (_, last) = qualifier_and_name(&resolved);
        let mut value = Value::unknown(span);
        if last.starts_with(|first: char| first.is_uppercase()) {
            if let Some(constant) = self.constant(&written(path), span) {
                return constant;
            }
            let holder =
                path.segments.iter().rev().nth(1).and_then(|segment| Interval::of_type(&segment.ident.to_string()));
            match (last, holder) {
                ("MAX", Some(bounds)) => value.bounds = Interval::exactly(bounds.high),
                ("MIN", Some(bounds)) => value.bounds = Interval::exactly(bounds.low),
                _ => {}
            }
        }
        if let Some(address) = super::address::constant(&resolved) {
            return Value::text(span, address);
        }
        value.absent = tables::ends_with(&resolved, "None");
        value.path = Some(resolved);
        value.ty = self.made_type(&written(path));
        value
    }

    fn list(&mut self, items: impl Iterator<Item = &'a Expr>, expression: &Expr) -> Value {
        let items: Vec<Value> = items.map(|item| self.expression(item)).collect();
        Value::list(self.extent(expression), items)
    }

    /// Evaluates `place = value`; in a branch, the place may also keep its earlier value.
    pub(super) fn assign(&mut self, place: &Expr, mut value: Value) {
        if let Expr::Field(field) = place
            && let (Expr::Path(base), Member::Named(name)) = (&*field.base, &field.member)
            && base.path.is_ident("self")
            && self.unread.contains(&name.to_string())
        {
            value.call = None;
        }
        if !matches!(place, Expr::Path(_)) {
            self.store(&value);
        }
        match place {
            Expr::Path(path) => {
                let Some(name) = path.path.get_ident().map(ToString::to_string) else { return };
                self.update(&name, value);
            }
            Expr::Field(field) => {
                if let (Expr::Path(base), Member::Named(member)) = (&*field.base, &field.member)
                    && let Some(name) = base.path.get_ident().map(ToString::to_string)
                    && let Some(local) = self.frame.locals.iter_mut().rev().find(|local| local.name == name)
                {
                    local.is_fixed = false;
                    local.value.fields.retain(|(known, _)| member != known);
                    local.value.fields.push((member.to_string(), value));
                }
            }
            Expr::Unary(inner) => self.assign(&inner.expr, value),
            _ => {}
        }
    }

    /// Whether nothing reads that field of a struct of the file.
    fn is_never_read(&self, path: &syn::Path, member: &Member) -> bool {
        let Member::Named(name) = member else { return false };
        let is_of_file = |last: &syn::PathSegment| {
            last.ident == "Self"
                || self.structs.keys().any(|known| last.ident == known.rsplit("::").next().unwrap_or(known))
        };
        self.unread.contains(&name.to_string()) && path.segments.last().is_some_and(is_of_file)
    }

    /// Sets the variable `name` to a new value.
    pub(super) fn update(&mut self, name: &str, value: Value) {
        let depth = self.frame.depth;
        if let Some(local) = self.frame.locals.iter_mut().rev().find(|local| local.name == name) {
            local.value = if local.depth == depth { value } else { value.join(&local.value) };
        }
    }
}

/// Whether the expression is `Default::default()`.
pub(super) fn is_default(expression: &Expr) -> bool {
    matches!(expression, Expr::Call(call) if call.args.is_empty()
        && matches!(&*call.func, Expr::Path(path) if written(&path.path).ends_with(tables::DEFAULT)))
}

/// Returns an array length that is a small literal: the octets of an address, the words of a command line.
fn array_length(length: &Expr) -> Option<usize> {
    let Expr::Lit(syn::ExprLit { lit: Lit::Int(number), .. }) = length else { return None };
    number.base10_parse().ok().filter(|count| *count <= MAX_REPEATED)
}

/// Longer lists of equal items are not modelled; no rule needs the items.
const MAX_REPEATED: usize = 16;

/// Returns a path as written, without generic arguments.
pub(super) fn written(path: &syn::Path) -> String {
    let mut text = String::new();
    for segment in &path.segments {
        if !text.is_empty() {
            text.push_str("::");
        }
        text.push_str(&segment.ident.to_string());
    }
    text
}

/// Whether a pattern matches a present value (`Ok`, `Some`) or an absent one (`Err`, `None`).
pub(super) fn presence(pattern: &Pat) -> Option<bool> {
    let last = |path: &syn::Path| path.segments.last().map(|segment| segment.ident.to_string());
    let name = match pattern {
        Pat::TupleStruct(inner) if inner.elems.iter().any(|inner| presence(inner) == Some(false)) => {
            return Some(false);
        }
        Pat::TupleStruct(inner) => last(&inner.path)?,
        Pat::Path(path) => last(&path.path)?,
        Pat::Ident(name) => name.ident.to_string(),
        Pat::Reference(inner) => return presence(&inner.pat),
        Pat::Paren(inner) => return presence(&inner.pat),
        _ => return None,
    };
    match name.as_str() {
        "Ok" | "Some" => Some(true),
        "Err" | "None" => Some(false),
        _ => None,
    }
}
