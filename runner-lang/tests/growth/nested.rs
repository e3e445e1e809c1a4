use crate::{
    constructs::{CONSTRUCTS, Source},
    counted::check_growth,
};

#[test]
fn each_construct() {
    for (name, construct) in CONSTRUCTS {
        check_growth(name, |size| Source::main(size, construct, &|_| "x".to_owned()), [200, 400, 800]);
    }
}

/// The number of inner parts grows, and the number of outer ones.
#[test]
fn each_construct_in_each_other() {
    for (outer_name, outer) in CONSTRUCTS {
        for (inner_name, inner) in CONSTRUCTS {
            let leaf = |_: &mut Source| "x".to_owned();
            let name = format!("{inner_name} in {outer_name}");
            let wide = |size| Source::main(size, outer, &|source| inner(source, 6, &leaf));
            check_growth(&name, wide, [12, 24, 48]);
            let long = |size| Source::main(3, outer, &|source| inner(source, size, &leaf));
            check_growth(&name, long, [40, 80, 160]);
        }
    }
}

/// A construct within itself, some levels deep: the source grows with the depth.
#[test]
fn each_construct_in_itself() {
    for (name, construct) in CONSTRUCTS {
        let deep = |depth: usize| {
            fn part(source: &mut Source, depth: usize, construct: crate::constructs::Construct) -> String {
                match depth {
                    0 => "x".to_owned(),
                    _ => construct(source, 2, &|source| part(source, depth - 1, construct)),
                }
            }
            Source::main(2, construct, &|source| part(source, depth, construct))
        };
        check_growth(&format!("{name} in itself"), deep, [4, 5, 6]);
    }
}
