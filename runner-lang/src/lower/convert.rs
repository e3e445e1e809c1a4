//! Types of a body, to types of the program.

use std::{collections::HashMap, rc::Rc};

use runner_core::{Field, Prim, Type, TypeId, Variant, limits::TYPE_COUNT};

use super::{Lower, Lowerer, env::Instance, internal};
use crate::{
    check::types::{ForType, NamedId, Node, ParamId, Part, Ty},
    diagnostic::Diagnostic,
    resolve::DefId,
    syntax::Span,
};

/// Within the result types of `for`s.
#[derive(Default)]
struct Fields {
    /// What the types of their fields are.
    params: Vec<(ParamId, TypeId)>,
    /// Types that were converted within each.
    known: Vec<HashMap<Ty, TypeId>>,
}

impl Lowerer<'_> {
    pub(super) fn intern(&mut self, ty: Type) -> TypeId {
        match self.interned.get(&ty) {
            Some(id) => *id,
            None => {
                let id = self.types.push(ty.clone());
                self.interned.insert(ty, id);
                id
            }
        }
    }

    pub(super) fn prim(&mut self, prim: Prim) -> TypeId {
        self.intern(Type::Prim(prim))
    }

    pub(super) fn unit_type(&mut self) -> TypeId {
        self.intern(Type::Tuple(Vec::new()))
    }

    pub(super) fn array_type(&mut self, item: TypeId) -> TypeId {
        self.intern(Type::Array(item))
    }

    pub(super) fn option_type(&mut self, some: TypeId) -> TypeId {
        let unit = self.unit_type();
        self.intern(Type::Enum(vec![
            Variant { name: "none".into(), ty: unit },
            Variant { name: "some".into(), ty: some },
        ]))
    }

    /// A definition at these types.
    pub(super) fn instance(
        &mut self,
        def: DefId,
        type_args: &[Ty],
        caller: &Rc<Instance>,
        span: Span,
    ) -> Lower<Rc<Instance>> {
        let args: Vec<TypeId> =
            type_args.iter().map(|ty| self.convert(*ty, caller, span)).collect::<Lower<_>>()?;
        if let Some(instance) = self.instances.get(&(def, args.clone())) {
            return Ok(instance.clone());
        }
        let names =
            self.state.signature(def).map(|signature| signature.type_params.clone()).unwrap_or_default();
        let params: Vec<(ParamId, TypeId)> = names.into_iter().zip(args.iter().copied()).collect();
        let instance = Rc::new(Instance { params, ..Instance::default() });
        self.instances.insert((def, args), instance.clone());
        Ok(instance)
    }

    pub(super) fn convert(&mut self, ty: Ty, instance: &Instance, span: Span) -> Lower<TypeId> {
        if let Some(id) = instance.known.borrow().get(&ty) {
            return Ok(*id);
        }
        let id = self.convert_with(ty, instance, &mut Fields::default(), span)?;
        if self.types.len() > TYPE_COUNT {
            let message = format!("the program has more than {TYPE_COUNT} types");
            return Err(Box::new(Diagnostic::error("program_limit", self.site.unwrap_or(span), message)));
        }
        instance.known.borrow_mut().insert(ty, id);
        Ok(id)
    }

    /// `fields` are the types of the fields of `for`s around this type.
    fn convert_with(
        &mut self,
        ty: Ty,
        instance: &Instance,
        fields: &mut Fields,
        span: Span,
    ) -> Lower<TypeId> {
        let ty = self.state.types.follow(ty);
        let known = match fields.known.last() {
            Some(known) => known.get(&ty).copied(),
            None => instance.known.borrow().get(&ty).copied(),
        };
        if let Some(known) = known {
            return Ok(known);
        }
        self.enter(span)?;
        let id = match self.state.types.node(ty).clone() {
            Node::Prim(prim) => self.prim(prim),
            Node::Array(item) => {
                let item = self.convert_with(item, instance, fields, span)?;
                self.array_type(item)
            }
            Node::Tuple(parts) => {
                self.charge(parts.len(), 2 * size_of_val(&*parts), span)?;
                let mut converted = Vec::new();
                for field in parts.iter() {
                    let ty = self.convert_with(field.ty, instance, fields, span)?;
                    converted.push(Field { name: field.name.as_ref().map(|name| name.to_string()), ty });
                }
                self.intern(Type::Tuple(converted))
            }
            Node::Enum(variants) => {
                let mut converted = Vec::new();
                for variant in variants.iter() {
                    let ty = self.convert_with(variant.ty, instance, fields, span)?;
                    converted.push(Variant { name: variant.name.to_string(), ty });
                }
                self.intern(Type::Enum(converted))
            }
            Node::Alias(id) | Node::Framed(id) => self.convert_named(id, ty, instance, span)?,
            Node::Param(param) => {
                let found =
                    fields.params.iter().rev().chain(&instance.params).find(|(known, _)| *known == param);
                found.map(|(_, id)| *id).ok_or_else(|| internal(span))?
            }
            Node::For(for_type) => self.convert_for(&for_type, instance, fields, span)?,
            Node::Splice(parts) => {
                let mut converted = Vec::new();
                for part in parts.iter() {
                    match part {
                        Part::Field(field) => {
                            let ty = self.convert_with(field.ty, instance, fields, span)?;
                            converted
                                .push(Field { name: field.name.as_ref().map(|name| name.to_string()), ty });
                        }
                        Part::Splice(tuple) => {
                            let tuple = self.convert_with(*tuple, instance, fields, span)?;
                            converted.extend(self.types.as_tuple(tuple).unwrap_or_default().iter().cloned());
                        }
                    }
                }
                self.intern(Type::Tuple(converted))
            }
            Node::Func(_) => {
                let message = "a function stands where data must: functions can only be given to functions";
                return Err(Box::new(Diagnostic::error("function_in_data", span, message)));
            }
            Node::Var(_) | Node::Error => return Err(internal(span)),
        };
        self.leave();
        match fields.known.last_mut() {
            Some(known) => drop(known.insert(ty, id)),
            None => drop(instance.known.borrow_mut().insert(ty, id)),
        }
        Ok(id)
    }

    fn convert_for(
        &mut self,
        for_type: &ForType,
        instance: &Instance,
        fields: &mut Fields,
        span: Span,
    ) -> Lower<TypeId> {
        let tuple = self.convert_with(for_type.tuple, instance, fields, span)?;
        let parts = self.types.as_tuple(tuple).unwrap_or_default().to_vec();
        let mut converted = Vec::new();
        for part in parts {
            fields.params.push((for_type.param, part.ty));
            fields.known.push(HashMap::new());
            let ty = self.convert_with(for_type.result, instance, fields, span);
            fields.params.pop();
            fields.known.pop();
            converted.push(Field { name: part.name.filter(|_| for_type.named), ty: ty? });
        }
        Ok(self.intern(Type::Tuple(converted)))
    }

    /// A recursive type gets its index before its content is converted.
    fn convert_named(&mut self, id: NamedId, ty: Ty, instance: &Instance, span: Span) -> Lower<TypeId> {
        if let Some(known) = self.named.get(&id) {
            return Ok(*known);
        }
        let named = self.state.types.named(id).ok_or_else(|| internal(span))?;
        let is_frame = matches!(self.state.types.node(ty), Node::Framed(_));
        let target = self.state.types.follow(named.head.unwrap_or(named.inner));
        if !is_frame && matches!(self.state.types.node(target), Node::Alias(_) | Node::Framed(_)) {
            return self.convert_with(target, instance, &mut Fields::default(), span);
        }
        let slot = named.recursive.then(|| self.types.push(Type::Tuple(Vec::new())));
        if let Some(slot) = slot {
            self.named.insert(id, slot);
        }
        let inner = if is_frame { named.inner } else { target };
        let inner = self.convert_with(inner, instance, &mut Fields::default(), span)?;
        let result = if is_frame {
            let name = named.path.to_string();
            let field = named.field.as_ref().map(|field| field.to_string());
            Some(Type::Framed { name, field, inner })
        } else {
            None
        };
        Ok(match (slot, result) {
            (Some(slot), Some(frame)) => {
                self.types.set(slot, frame);
                slot
            }
            (Some(slot), None) => {
                if let Some(content) = self.types.get(inner).cloned() {
                    self.types.set(slot, content);
                }
                slot
            }
            (None, Some(frame)) => self.intern(frame),
            (None, None) => inner,
        })
    }
}
