//! A cluster that was made once, and is copied for each server: `initdb` takes seconds, a copy tenths of them.

use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{binaries::Binaries, run};

/// How a cluster is made. ICU orders text by language, which no program may notice.
const INITDB: &[&str] = &[
    "--auth=trust",
    "--username=test",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--locale-provider=icu",
    "--icu-locale=en-US",
    "--no-sync",
];

/// Puts a new cluster into a folder that does not exist yet.
pub(crate) fn copy(binaries: &Binaries, data: &Path) {
    let Some(template) = path(binaries) else {
        return make(binaries, data);
    };
    if !template.is_dir() {
        let folder = binaries.folder();
        make(binaries, &folder.join("data"));
        // Others may be about to do the same. A rename puts all of it there, or finds that it is there.
        let part = template.parent().map_or_else(tempfile::tempdir, tempfile::tempdir_in);
        let kept = part.and_then(|part| {
            let whole = part.path().join("data");
            tree(&folder.join("data"), &whole, &|_| ())?;
            fs::rename(&whole, &template)
        });
        let _ = fs::remove_dir_all(&folder);
        if !template.is_dir() {
            kept.expect("a cluster is kept");
        }
    }
    tree(&template, data, &|path| binaries.give(path)).expect("a cluster is copied");
}

fn make(binaries: &Binaries, data: &Path) {
    let mut initdb = binaries.program("initdb");
    run(initdb.args(INITDB).arg("-D").arg(data)).expect("a cluster is made");
}

/// Where the cluster is kept: in the folder of what is compiled, by version and arguments.
fn path(binaries: &Binaries) -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
    let version = binaries.program("postgres").arg("--version").output().ok()?.stdout;
    let words = String::from_utf8_lossy(&version).into_owned() + &INITDB.concat();
    let name = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let folder = target.join("tmp");
    fs::create_dir_all(&folder).ok()?;
    Some(folder.join(format!("postgres-{name:016x}")))
}

/// Copies a folder with the modes of its files.
fn tree(from: &Path, to: &Path, made: &dyn Fn(&Path)) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &target, made)?;
        } else {
            fs::copy(entry.path(), &target)?;
            made(&target);
        }
    }
    fs::set_permissions(to, fs::Permissions::from_mode(0o700))?;
    made(to);
    Ok(())
}
