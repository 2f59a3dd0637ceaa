//! `cargo xtask pages`: writes the man pages and completions of the published programs.

use std::path::Path;

use anyhow::Context;

use crate::workspace::Workspace;

/// Calls the programs, which know their own options.
pub(crate) fn pages(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder).context("failed to find the folder")?;
    let mut netns_run = workspace.cargo();
    netns_run.args(["run", "--quiet", "--package", "netns-run", "--", "pages"]).arg(&folder);
    anyhow::ensure!(netns_run.status().context("failed to start cargo")?.success(), "netns-run pages failed");
    let status = netns_lint::run(["cargo netns-lint".into(), "--pages".into(), folder.into_os_string()]);
    anyhow::ensure!(status == 0, "cargo netns-lint --pages failed");
    Ok(())
}
