//! Empty: cargo requires a library or a program in a package, and this package consists of the suites.
