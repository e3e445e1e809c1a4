//! `std::fs` as functions of programs.

use std::{boxed::Box, collections::BTreeMap, format, string::String, sync::Arc, vec::Vec};

use runner_core::{Error, External, Param, Prim, Result, TypeId, TypeTable};

use super::{
    parquet::{Scan, write_rows},
    root::Root,
    shape::{self, columns_of_array},
};
use crate::{
    budget::Budget,
    column::{Column, Vector},
    interpreter::Builder,
    native::{Bounds, Call, Context, Items, Native},
    used::Used,
};

impl Builder {
    /// Lets programs read and write files below this directory with `std::fs`. Without it there is no `std::fs`.
    ///
    /// Paths are those of the root; a program that is prepared may use it until it is dropped.
    #[must_use]
    pub fn root(self, root: Root) -> Self {
        self.native(Arc::new(ReadParquet(root.clone()))).native(Arc::new(WriteParquet(root)))
    }
}

/// `read_parquet(file): [R]`
struct ReadParquet(Root);

/// `write_parquet([R], file): {}`
struct WriteParquet(Root);

/// [`ReadParquet`] for a program.
struct Read {
    root: Root,
    columns: Vec<shape::Column>,
    /// What the program looks at of a row.
    used: Used,
}

/// [`WriteParquet`] for a program.
struct Write {
    root: Root,
    columns: Vec<shape::Column>,
}

impl Native for ReadParquet {
    fn path(&self) -> &str {
        "std::fs::read_parquet"
    }

    fn declaration(&self) -> Option<String> {
        Some("# std::fs::read_parquet(file: Text): [R], from the runner's folder\n".into())
    }

    fn bind(&self, types: &TypeTable, declared: &External) -> Result<Arc<dyn Call>> {
        let fits = matches!(params(types, declared).as_slice(), [(_, Some(Prim::Text))]);
        signature(types, declared, fits, "(file: Text): [{..}]")?;
        let columns = columns_of_array(types, declared.result)
            .map_err(|error| error.context(format_args!("the result of {}", declared.path)))?;
        Ok(Arc::new(Read { root: self.0.clone(), columns, used: Used::all() }))
    }
}

impl Native for WriteParquet {
    fn path(&self) -> &str {
        "std::fs::write_parquet"
    }

    fn declaration(&self) -> Option<String> {
        Some("# std::fs::write_parquet(rows: [R], file: Text): {}, into the runner's folder\n".into())
    }

    fn bind(&self, types: &TypeTable, declared: &External) -> Result<Arc<dyn Call>> {
        let rows = match params(types, declared).as_slice() {
            [(rows, _), (_, Some(Prim::Text))] if types.is_unit(declared.result) => Some(*rows),
            _ => None,
        };
        signature(types, declared, rows.is_some(), "([{..}], file: Text): {}")?;
        let columns = columns_of_array(types, rows.unwrap_or(declared.result))
            .map_err(|error| error.context(format_args!("the rows of {}", declared.path)))?;
        Ok(Arc::new(Write { root: self.0.clone(), columns }))
    }
}

impl Read {
    fn open(&self, file: &str, budget: &Budget) -> Result<Scan> {
        Scan::open(self.root.open_file(file)?, &self.columns, &self.used, budget)
    }
}

impl Call for Read {
    /// A file that several rows name is read once.
    fn call(&self, args: &[Column], rows: usize, context: &Context<'_>) -> Result<Column> {
        let Some(Column::Text(files)) = args.first() else { return Ok(Column::Empty) };
        let mut known: BTreeMap<&str, u32> = BTreeMap::new();
        let mut tables = Vector::new(context.budget)?;
        let mut picked = Vector::with_capacity(rows, context.budget)?;
        for file in files.iter() {
            let next = tables.len() as u32;
            let index = *known.entry(file).or_insert(next);
            if index == next {
                let table = self.open(file, context.budget).and_then(|scan| scan.rest(context.budget));
                let table = table.map_err(|error| error.context(format_args!("{file:?}")))?;
                tables.push(Column::one_array(table, context.budget)?)?;
            }
            picked.push(index)?;
        }
        match (&*tables, rows) {
            ([table], 1) => Ok(table.clone()),
            _ => Column::concat(&tables, context.budget)?.gather(&picked, context.budget),
        }
    }

    fn is_stable(&self) -> bool {
        true
    }

    fn narrow(&self, used: &Used) -> Option<Arc<dyn Call>> {
        let (root, columns) = (self.root.clone(), self.columns.clone());
        Some(Arc::new(Self { root, columns, used: used.items() }))
    }

    fn items(&self, args: &[Column], context: &Context<'_>) -> Option<Result<Box<dyn Items>>> {
        let Some(Column::Text(files)) = args.first() else { return None };
        let file: String = files.get(0).into();
        let named = |error: Error| error.context(format_args!("{file:?}"));
        let scan = self.open(&file, context.budget).map_err(named);
        Some(scan.map(|scan| Box::new(Rows { file, scan }) as Box<dyn Items>))
    }
}

/// The rows of a file, which errors name.
struct Rows {
    file: String,
    scan: Scan,
}

impl Items for Rows {
    fn within(&mut self, bounds: &[Bounds]) {
        self.scan.within(bounds);
    }

    fn total(&self) -> usize {
        self.scan.total()
    }

    fn next(&mut self, budget: &Budget) -> Result<Option<Column>> {
        self.scan.next(budget).map_err(|error| error.context(format_args!("{:?}", self.file)))
    }
}

impl Call for Write {
    fn call(&self, args: &[Column], rows: usize, context: &Context<'_>) -> Result<Column> {
        let [tables, Column::Text(files)] = args else { return Ok(Column::unit(rows)) };
        for (row, file) in files.iter().enumerate() {
            let table = match tables {
                Column::Array(tables) => {
                    let (start, end) = tables.range(row);
                    tables.items.slice(start, end)
                }
                _ => Column::Empty,
            };
            let mut pending = self.root.create(file)?;
            write_rows(&mut pending, &self.columns, &table, context.budget)
                .map_err(|error| error.context(format_args!("{file:?}")))?;
            pending.commit()?;
        }
        Ok(Column::unit(rows))
    }
}

fn params(types: &TypeTable, declared: &External) -> Vec<(TypeId, Option<Prim>)> {
    let values = declared.params.iter().filter_map(|param| match param {
        Param::Value(ty) | Param::Const(ty) => Some((*ty, types.as_prim(*ty))),
        Param::Function { .. } => None,
    });
    values.collect()
}

fn signature(types: &TypeTable, declared: &External, fits: bool, expected: &str) -> Result<()> {
    if fits {
        return Ok(());
    }
    let found: Vec<String> =
        params(types, declared).iter().map(|(ty, _)| format!("{}", types.display(*ty))).collect();
    Err(Error::prepare(format!(
        "{} is {expected}, but the program declares ({}): {}",
        declared.path,
        found.join(", "),
        types.display(declared.result)
    )))
}
