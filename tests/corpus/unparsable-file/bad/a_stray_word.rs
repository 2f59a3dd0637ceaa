//! A merge that nobody has finished.

<<<<<<< HEAD //~ unparsable-file
#[test]
fn one() {}
=======
#[test]
fn other() {}
>>>>>>> branch
