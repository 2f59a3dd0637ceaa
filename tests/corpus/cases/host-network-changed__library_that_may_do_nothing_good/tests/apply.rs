use rules::Settings;

#[test]
fn applies_nothing() {
    rules::apply(&Settings { is_active: false });
    rules::list();
    assert_eq!(rules::shown().get_program(), "ip");
}
