use billing::Form;

#[test]
fn pays() {
    let form = Form::new().address("10.0.0.9").gateway("10.0.0.1").ipv4("10.0.0.2");
    assert!(form.send());
}
