use image::RgbImage;

#[test]
fn draws() {
    let picture = RgbImage::new(8, 8);
    picture.save("/tmp/picture.png").unwrap();
}
