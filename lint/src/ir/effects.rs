//! The effects of a function on its arguments and its thread, as its callers see them.

use crate::span::Span;

/// The effects of a function. They come from its body, never from its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by one rule")]
pub(crate) struct Effects {
    /// One entry per parameter; the receiver of a method comes first.
    pub parameters: Vec<Fate>,
    /// Moves the calling thread into another namespace.
    pub enters: bool,
    /// Moves the calling thread into another network namespace.
    pub network: bool,
    /// Returns a child process that it started and that nothing ends automatically.
    pub starts: bool,
    /// May panic.
    pub panics: bool,
    /// Connects a socket, or sends to a peer, directly or through a function of the run.
    pub connects: bool,
    /// Binds a socket, directly or through a function of the run.
    pub listens: bool,
    /// Connects through a function of the program under test: of another file, and not a helper beside the tests.
    pub connects_beyond: bool,
    /// Binds a socket through a function of the program under test: of another file, and not a helper beside the tests.
    pub listens_beyond: bool,
    /// Sets a limit on the reads of a stream, or lets a stream or a listener not block.
    pub limits_streams: bool,
    /// Starts a thread or a task, directly or through a function of the run.
    pub spawns: bool,
    /// Starts a task on the runtime of its caller, directly or through a function of the run.
    pub tasks: bool,
    /// Starts a program for which it does not wait, directly or through a function of the run.
    pub programs: bool,
    /// Binds a socket on the calling thread before it starts anything: connections then wait in the queue.
    pub binds_first: bool,
    /// Sleeps and does nothing else.
    pub pauses: bool,
    /// Ends a wait after a time, directly or through a function of the run: by a function of another crate with a timeout or a
    /// deadline in its name, or by a clock that ends a loop.
    pub limits: bool,
    /// Looks at a clock, directly or through a function of the run.
    pub clock: bool,
    /// It is `async` and waits for nothing: its future is ready at once.
    pub ready: bool,
    /// Asks a peer again until it answers, without a limit, directly or through a function of the run.
    pub retries: bool,
    /// Where it binds every address of the machine without a choice of its caller: the file, and the place in it. Calls on the way
    /// are among the places.
    pub wildcards: Vec<(usize, Span)>,
    /// What it does to the world outside of the test, whatever its caller passes.
    pub deeds: Vec<Deed>,
}

/// An operation outside of the test that a function performs without a choice of its caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Deed {
    /// The operation.
    pub kind: DeedKind,
    /// The file, and the place in it. Calls on the way are deeds of their own.
    pub place: (usize, Span),
}

/// The operation of a deed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DeedKind {
    /// Contacts or resolves the public host of that name.
    Contacts(String),
    /// Opens the device that creates network interfaces.
    MakesDevice,
    /// Changes the network of the machine by that command.
    ChangesNetwork(String),
    /// Waits for the other end of a socket without a limit of time.
    Waits {
        /// For a connection; otherwise for data.
        accepts: bool,
        /// Only where the future that the function returns is polled.
        asynchronous: bool,
    },
}

/// The maximum number of places of an effect.
const MAX_PLACES: usize = 8;

impl Effects {
    /// Adds places that bind every address, up to a maximum.
    pub(crate) fn add_wildcards(&mut self, places: impl IntoIterator<Item = (usize, Span)>) {
        for place in places {
            if self.wildcards.len() < MAX_PLACES && !self.wildcards.contains(&place) {
                self.wildcards.push(place);
            }
        }
    }

    /// Adds deeds, up to a maximum.
    pub(crate) fn add_deeds(&mut self, deeds: impl IntoIterator<Item = Deed>) {
        for deed in deeds {
            if self.deeds.len() < MAX_PLACES && !self.deeds.contains(&deed) {
                self.deeds.push(deed);
            }
        }
    }

    /// Returns the waits for the other end of a socket.
    pub(crate) fn waits(&self) -> impl Iterator<Item = &Deed> {
        self.deeds.iter().filter(|deed| matches!(deed.kind, DeedKind::Waits { .. }))
    }

    /// Removes the waits: a limit that the function sets may end them.
    pub(crate) fn remove_waits(&mut self) {
        self.deeds.retain(|deed| !matches!(deed.kind, DeedKind::Waits { .. }));
    }

    /// Returns the effect on the argument of that index.
    pub(crate) fn of(&self, parameter: usize) -> Fate {
        self.parameters.get(parameter).copied().unwrap_or_default()
    }

    /// Returns the effects of either of two functions, for example of two variants for different systems.
    pub(crate) fn join(&self, other: &Self) -> Self {
        let count = self.parameters.len().max(other.parameters.len());
        let mut joined = Self {
            parameters: (0..count).map(|index| self.of(index).join(other.of(index))).collect(),
            enters: self.enters || other.enters,
            network: self.network || other.network,
            starts: self.starts || other.starts,
            panics: self.panics || other.panics,
            connects: self.connects || other.connects,
            listens: self.listens || other.listens,
            connects_beyond: self.connects_beyond || other.connects_beyond,
            listens_beyond: self.listens_beyond || other.listens_beyond,
            limits_streams: self.limits_streams || other.limits_streams,
            spawns: self.spawns || other.spawns,
            tasks: self.tasks || other.tasks,
            programs: self.programs || other.programs,
            binds_first: self.binds_first && other.binds_first,
            pauses: self.pauses && other.pauses,
            limits: self.limits || other.limits,
            clock: self.clock || other.clock,
            ready: self.ready && other.ready,
            retries: self.retries || other.retries,
            wildcards: self.wildcards.clone(),
            deeds: self.deeds.clone(),
        };
        joined.add_wildcards(other.wildcards.iter().copied());
        joined.add_deeds(other.deeds.iter().cloned());
        joined
    }

    /// Whether the effects matter to a caller in another file.
    pub(crate) fn matter(&self) -> bool {
        self.enters
            || self.starts
            || self.connects
            || self.listens
            || self.spawns
            || self.tasks
            || self.programs
            || self.pauses
            || self.limits
            || self.clock
            || self.limits_streams
            || self.ready
            || self.retries
            || !self.wildcards.is_empty()
            || !self.deeds.is_empty()
            || self.parameters.iter().any(|fate| *fate != Fate { kept: fate.kept, ..Fate::default() })
    }
}

/// The effects of a function on an argument, on at least one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "independent effects, each asked for by one rule")]
pub(crate) struct Fate {
    /// Sends a signal that ends it.
    pub killed: bool,
    /// Waits for it without a limit, or returns whether it has ended.
    pub awaited: bool,
    /// Waits for it for a limited time, or checks whether it has ended, and reads no answer.
    pub looked: bool,
    /// Stores it, returns it, or passes it to an unknown function.
    pub kept: bool,
    /// Runs or polls it with a timeout.
    pub limited: bool,
    /// Runs it on a dedicated thread or process, which ends with it.
    pub alone: bool,
    /// Enters a network namespace and runs it there.
    pub inside: bool,
    /// Sets it as the limit of the reads of a stream.
    pub limits_streams: bool,
}

impl Fate {
    fn join(self, other: Self) -> Self {
        Self {
            killed: self.killed || other.killed,
            awaited: self.awaited || other.awaited,
            looked: self.looked || other.looked,
            kept: self.kept || other.kept,
            limited: self.limited || other.limited,
            alone: self.alone || other.alone,
            inside: self.inside || other.inside,
            limits_streams: self.limits_streams || other.limits_streams,
        }
    }
}
