//! Nothing: the suites beside this are the package, and a package has to have a library or a program.
