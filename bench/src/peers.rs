//! Peers: programs of other projects that make the network of a bench. The bench writes a line for each request, and reads a line of
//! microseconds. A peer is a child of the bench, so its processes end with it.

use std::time::Duration;

use clap::Args;
use netns_fixtures::net::Namespace;
use netns_fixtures::process::{Capability, Child, Command, Stdio};
use netns_fixtures::time::Deadline;

/// The peers to measure, and the paths of their programs.
#[derive(Debug, Args)]
pub struct Options {
    /// Measure peers too.
    #[arg(long)]
    peers: bool,
    /// The program of a peer; may be repeated.
    #[arg(long, value_name = "NAME=PROGRAM", value_parser = pair, requires = "peers")]
    peer: Vec<(String, String)>,
    /// The reason why a peer has no program; may be repeated.
    #[arg(long, value_name = "NAME=REASON", value_parser = pair, requires = "peers")]
    not_installed: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("there is no `=` in it")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Options {
    /// Returns whether peers are measured.
    #[must_use]
    pub fn are_asked_for(&self) -> bool {
        self.peers
    }

    /// Returns the path of a peer's program.
    ///
    /// # Errors
    ///
    /// The reason why it has none.
    pub fn program(&self, name: &str) -> Result<&str, String> {
        let of_name = |list: &'_ [(String, String)]| list.iter().position(|(of, _)| of == name);
        if let Some(place) = of_name(&self.not_installed) {
            return Err(format!("it could not be installed: {}", self.not_installed[place].1));
        }
        let place = of_name(&self.peer).ok_or("it has no program; `cargo xtask bench … --peers` passes one")?;
        Ok(&self.peer[place].1)
    }
}

/// The time limit for a peer's start and for each request.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A peer that runs.
#[derive(Debug)]
pub struct Peer(Child);

impl Peer {
    /// Starts a peer with the capabilities that networks need.
    ///
    /// # Errors
    ///
    /// The program does not start.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        privileged(command).stdin(Stdio::piped()).spawn().map(Self).map_err(|error| error.to_string())
    }

    /// Starts a peer from its path.
    ///
    /// # Errors
    ///
    /// As [`Peer::start`], and the reason why it has no program.
    pub fn of_options(options: &Options, name: &str) -> Result<Self, String> {
        let own = Namespace::current().map_err(|error| error.to_string())?;
        Self::start(&mut own.command(options.program(name)?))
    }

    /// Requests one measurement and returns its result.
    ///
    /// # Errors
    ///
    /// The peer has ended, is late, or answers with something else than a number.
    pub fn request(&mut self, request: &str) -> Result<Duration, Box<dyn std::error::Error>> {
        let Self(child) = self;
        child.set_deadline(Deadline::after(PATIENCE));
        // If the program has exited, the read below reports the cause.
        let asked = child.write_line(request);
        let Some(answer) = child.read_line()? else {
            let exit = child.wait()?;
            let errors = child.stderr().text().trim().to_owned();
            return Err(format!("it {exit} {errors}").trim().into());
        };
        asked?;
        let micros: f64 = answer.parse().map_err(|_| format!("it answered {answer:?}"))?;
        Ok(Duration::try_from_secs_f64(micros / 1e6)?)
    }
}

/// Adds the privileges to make namespaces, names for them, and user namespaces in which root is root; and those to open raw sockets.
pub fn privileged(command: &mut Command) -> &mut Command {
    command.keep_capabilities([Capability::NET_ADMIN, Capability::NET_RAW, Capability::SYS_ADMIN, Capability::SETFCAP])
}
