mod support;
#[test]
fn make() {
    let d = std::path::PathBuf::from(std::env::var("MAKE").unwrap());
    support::record(&d, support::START, 300);
}
