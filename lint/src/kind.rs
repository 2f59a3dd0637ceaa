//! The kinds of sources and sinks, which the tables name and the analysis finds.

/// The kind of source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Origin {
    /// An environment variable.
    Environment,
    /// The program's arguments.
    Argument,
    /// An option of the program, read by a parser of the command line.
    Option,
    /// A file or standard input.
    File,
    /// A random generator or a UUID.
    Random,
    /// The id of a process or thread.
    Pid,
    /// A clock.
    Time,
}

/// The operation of a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SinkKind {
    /// Runs a program: `values[0]` with the rest as its arguments.
    Command,
    /// Passes a text to a shell.
    ShellString,
    /// Passes a text to a shell on another machine.
    RemoteScript,
    /// Waits, or sets a timeout.
    Duration,
    /// Allocates, counts or repeats.
    Size,
    /// Becomes the port of an address.
    Port,
    /// Binds a socket that waits for connections.
    Listen,
    /// Binds a socket of unknown kind.
    Bind,
    /// Binds a datagram socket.
    Datagram,
    /// Connects to an address, or sends to it.
    Connect,
    /// Asks a resolver for the addresses of a host.
    Resolve,
    /// Assigns an address to a device, a route or a neighbour.
    Configure,
    /// Creates or enters the network namespace with that name.
    NamespaceName,
    /// Creates the network device with that name.
    DeviceName,
    /// Creates an object of a container engine with that name, or with it as the field `name`.
    ContainerName,
    /// Opens the shared memory with that name.
    SharedMemoryName,
    /// Binds a Unix socket at that path.
    SocketPath,
    /// Creates, overwrites or removes the file or directory at that path.
    Created,
    /// Writes the content of a file: `values[0]` is the path, `values[1]` the content.
    Written,
}

impl SinkKind {
    /// Whether the values are the words of a command, or a text that a shell parses.
    pub(crate) fn is_command_line(self) -> bool {
        matches!(self, Self::Command | Self::ShellString | Self::RemoteScript)
    }

    /// Whether it binds or connects a socket, or sends to a peer.
    pub(crate) fn is_contact(self) -> bool {
        matches!(self, Self::Listen | Self::Bind | Self::Datagram | Self::Connect | Self::SocketPath)
    }

    /// Whether a constant can be harmful there. Waits, sizes and ports are harmful only if the value comes from
    /// outside.
    pub(crate) fn is_hazard_by_itself(self) -> bool {
        !matches!(self, Self::Duration | Self::Size | Self::Port)
    }
}
