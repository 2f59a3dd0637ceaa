//! The abstract interpretation of expressions and statements: each evaluates to what is known about its value.

use syn::{BinOp, Block, Expr, Lit, Member, Pat, Stmt, UnOp};

use super::extent;
use super::lower::{Local, Lower};
use super::{Exit, SinkKind};
use crate::resolve::qualifier_and_name;
use crate::span::Span;
use crate::tables;
use crate::value::{Interval, Origin, Value};

impl<'a> Lower<'a> {
    /// The bytes of an expression.
    pub(super) fn extent(&self, expression: &Expr) -> Span {
        self.span(extent::first(expression)).to(self.span(extent::last(expression)))
    }

    /// Runs the statements; the value of the last one without a semicolon.
    pub(super) fn block(&mut self, block: &'a Block) -> Value {
        let locals = self.frame.locals.len();
        for statement in &block.stmts {
            match statement {
                Stmt::Item(syn::Item::Use(item)) => self.uses.add(&item.tree, &self.frame.within),
                Stmt::Item(item) => self.declare_nested(item),
                _ => {}
            }
        }
        // A constant of the block is not that of another block with the same name.
        for statement in &block.stmts {
            let (name, expression, declared) = match statement {
                Stmt::Item(syn::Item::Const(item)) => (&item.ident, &item.expr, &item.ty),
                Stmt::Item(syn::Item::Static(item)) => (&item.ident, &item.expr, &item.ty),
                _ => continue,
            };
            let mut value = self.expression(expression);
            self.narrow_to_type(&mut value, declared);
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
                    let given = self.expression(&init.expr);
                    if let Some((_, otherwise)) = &init.diverge {
                        self.branch(|lower| lower.expression(otherwise));
                    }
                    if matches!(local.pat, Pat::Wild(_)) {
                        continue;
                    }
                    self.bind(&local.pat, given);
                }
                Stmt::Expr(expression, semicolon) => {
                    let given = self.expression(expression);
                    if semicolon.is_none() {
                        value = given;
                    }
                }
                Stmt::Macro(statement) => value = self.macro_call(&statement.mac),
                Stmt::Item(_) => {}
            }
        }
        self.frame.locals.truncate(locals);
        value
    }

    /// Evaluates what may not run: what it assigns is joined with what was there.
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
                value
            }
            Expr::Try(attempt) => {
                let value = self.expression(&attempt.expr);
                let span = self.span(attempt.question_token.span);
                self.facts.exits.push(Exit { function: self.frame.function, span, of: value.call });
                value
            }
            Expr::Await(wait) => {
                let calls = self.facts.calls.len();
                let value = self.expression(&wait.base);
                if self.facts.calls.len() > calls
                    && let Some(call) = self.facts.calls.last_mut()
                {
                    call.awaited = true;
                }
                value
            }
            Expr::Cast(cast) => {
                let mut value = self.expression(&cast.expr);
                if let Some(bounds) = self.bounds_of(&cast.ty) {
                    // A cast that does not fit wraps round, so only a value within the type keeps its own bounds.
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
                self.assign(&assign.left, value);
                Value::unknown(Span::default())
            }
            Expr::Block(block) => self.block(&block.block),
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::Const(block) => self.block(&block.block),
            Expr::Async(block) => {
                let around = self.frame.surroundings;
                self.frame.surroundings.asynchronous = true;
                let value = self.block(&block.block);
                self.frame.surroundings = around;
                value
            }
            Expr::If(branch) => self.conditional(branch),
            Expr::Match(choice) => self.choice(choice),
            Expr::Let(test) => {
                let value = self.expression(&test.expr);
                self.bind(&test.pat, value);
                Value::unknown(Span::default())
            }
            Expr::Loop(repeat) => self.repeated(|lower| lower.block(&repeat.body)),
            Expr::While(repeat) => self.repeated(|lower| {
                lower.expression(&repeat.cond);
                lower.round_count(&repeat.cond);
                let before = lower.narrow(&repeat.cond, true);
                let value = lower.block(&repeat.body);
                lower.restore(before);
                value
            }),
            Expr::ForLoop(repeat) => {
                let mut over = self.expression(&repeat.expr);
                self.loop_count(&repeat.expr, &over);
                if let Some(items) = over.items.take() {
                    over = Value::any_of(&items, over.span);
                }
                self.repeated(|lower| {
                    lower.bind(&repeat.pat, over);
                    lower.block(&repeat.body)
                })
            }
            Expr::Closure(closure) => self.closure(closure, &[]),
            Expr::Return(end) => {
                if let Some(value) = &end.expr {
                    let value = self.expression(value);
                    self.frame.returns = Some(match self.frame.returns.take() {
                        Some(before) => before.join(&value),
                        None => value,
                    });
                }
                Value::unknown(Span::default())
            }
            Expr::Break(end) => {
                end.expr.as_ref().map_or(Value::unknown(Span::default()), |value| self.expression(value))
            }
            Expr::Call(call) => self.call(call, expression),
            Expr::MethodCall(call) => self.method_call(call, expression),
            Expr::Macro(call) => self.macro_call(&call.mac),
            Expr::Array(array) => self.list(array.elems.iter(), expression),
            Expr::Tuple(tuple) => self.list(tuple.elems.iter(), expression),
            Expr::Repeat(array) => {
                let length = self.expression(&array.len);
                if length.interests() {
                    self.sink(SinkKind::Size, length, self.extent(expression), "[…; n]".to_owned(), None);
                }
                let item = self.expression(&array.expr);
                let mut value = Value::unknown(self.extent(expression));
                value.taint_from(&item);
                value
            }
            Expr::Struct(literal) => {
                let mut value = Value::unknown(self.extent(expression));
                if let Some(rest) = &literal.rest {
                    value.fields = self.expression(rest).fields;
                }
                for field in &literal.fields {
                    let mut given = self.expression(&field.expr);
                    self.escape(&given);
                    if let Member::Named(name) = &field.member {
                        let bounds = self.field(&name.to_string()).bounds;
                        given.bounds = bounds.map_or(given.bounds, |bounds| given.bounds.meet(bounds));
                        value.fields.retain(|(known, _)| name != known);
                        value.fields.push((name.to_string(), given));
                    }
                }
                value.path = Some(self.resolve(&literal.path));
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
                    // A part of a unique text is not unique.
                    value
                        .sources
                        .iter_mut()
                        .filter(|source| source.origin == Origin::Random)
                        .for_each(|source| source.name = None);
                }
                value.call = value.call.or(base.call);
                value.split = base.split;
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
            if let Some(constant) = self.constant(&resolved, span) {
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
        value
    }

    fn list(&mut self, items: impl Iterator<Item = &'a Expr>, expression: &Expr) -> Value {
        let items: Vec<Value> = items.map(|item| self.expression(item)).collect();
        Value::list(self.extent(expression), items)
    }

    fn binary(&mut self, binary: &'a syn::ExprBinary, expression: &'a Expr) -> Value {
        let left = self.expression(&binary.left);
        let right = self.expression(&binary.right);
        let operator = match binary.op {
            BinOp::Add(_) | BinOp::AddAssign(_) => '+',
            BinOp::Sub(_) | BinOp::SubAssign(_) => '-',
            BinOp::Mul(_) | BinOp::MulAssign(_) => '*',
            BinOp::Div(_) | BinOp::DivAssign(_) => '/',
            BinOp::Rem(_) | BinOp::RemAssign(_) => '%',
            BinOp::BitOr(_) => {
                // Flags keep their names.
                let names: Vec<&str> = left.path.iter().chain(&right.path).map(String::as_str).collect();
                let path = (!names.is_empty()).then(|| names.join("|"));
                let mut value = Value { path, ..Value::unknown(self.extent(expression)) };
                value.taint_from(&left);
                value.taint_from(&right);
                return value;
            }
            BinOp::BitAnd(_) | BinOp::BitXor(_) | BinOp::Shl(_) | BinOp::Shr(_) => {
                let mut value = Value::unknown(self.extent(expression));
                value.taint_from(&left);
                value.taint_from(&right);
                if let (BinOp::BitAnd(_), Some(mask)) = (binary.op, right.exact()) {
                    value.bounds = Interval { low: 0.0, high: mask };
                }
                return value;
            }
            _ => return Value::unknown(self.extent(expression)),
        };
        let mut value = Value::unknown(self.extent(expression));
        if operator == '+' && left.exact().is_none() && !left.duration {
            value.pieces.clear();
            value.append(&left);
            value.append(&right);
        } else {
            value.taint_from(&left);
            value.taint_from(&right);
        }
        value.bounds = Interval::binary(operator, left.bounds, right.bounds);
        value.duration = left.duration || right.duration;
        value.call = left.call.or(right.call);
        if operator == '*' {
            let span = value.span;
            self.stretched(&value, span);
        }
        if matches!(
            binary.op,
            BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::MulAssign(_) | BinOp::DivAssign(_) | BinOp::RemAssign(_)
        ) {
            if self.frame.surroundings.repeated && left.sources.is_empty() && right.sources.is_empty() {
                value.bounds = Interval::ALL;
            }
            self.assign(&binary.left, value.clone());
        }
        value
    }

    /// `place = value`; a place assigned to in a branch may keep what it had.
    pub(super) fn assign(&mut self, place: &Expr, value: Value) {
        if !matches!(place, Expr::Path(_)) {
            self.escape(&value);
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
                    local.value.fields.retain(|(known, _)| member != known);
                    local.value.fields.push((member.to_string(), value));
                }
            }
            Expr::Unary(inner) => self.assign(&inner.expr, value),
            _ => {}
        }
    }

    /// Gives the variable `name` a new value.
    pub(super) fn update(&mut self, name: &str, value: Value) {
        let depth = self.frame.depth;
        if let Some(local) = self.frame.locals.iter_mut().rev().find(|local| local.name == name) {
            local.value = if local.depth == depth { value } else { value.join(&local.value) };
        }
    }
}
