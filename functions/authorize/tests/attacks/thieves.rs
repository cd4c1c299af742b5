//! Logins that are begun in one browser and finished in another.

use serde_json::json;

use crate::world::{Browser, World};

#[tokio::test]
async fn the_thiefs_link_opened_by_the_victim() {
    let world = World::new().await;
    let (mut thief, mut victim) = (Browser::default(), Browser::default());
    let thiefs = world.login(&world.form(), &mut thief).await;
    let result = thiefs.result(&json!({})); // what the victim would have approved
    for browser in [&Browser::default(), &victim] {
        world.hand_over(&thiefs.with(&result), browser).await.assert_ended(400, "no cookie");
    }
    world.login(&world.form(), &mut victim).await;
    world.hand_over(&thiefs.with(&result), &victim).await.assert_ended(400, "the victim's cookie");
    let both = Browser(Some(format!("{}; {}", thief.0.clone().expect("one"), victim.0.expect("one"))));
    world.hand_over(&thiefs.with(&result), &both).await.assert_ended(400, "both cookies");
    assert_eq!(world.hand_over(&thiefs.with(&result), &thief).await.status, 200);
}

#[tokio::test]
async fn the_victims_link_opened_by_the_thief() {
    let world = World::new().await;
    let (mut thief, mut victim) = (Browser::default(), Browser::default());
    let victims = world.login(&world.form(), &mut victim).await;
    world.login(&world.form().with("nonce", "thief"), &mut thief).await;
    for fields in [
        victims.with(&victims.result(&json!({}))),
        victims.with("").without("result_token").with("error", "access_denied"),
    ] {
        world.hand_over(&fields, &thief).await.assert_ended(400, "the thief's cookie");
        world.hand_over(&fields, &Browser::default()).await.assert_ended(400, "no cookie");
    }
}

#[tokio::test]
async fn the_token_says_whose_cookie_the_api_wants_to_see() {
    let (world, mut browser) = (World::new().await, Browser::default());
    let login = world.login(&world.form(), &mut browser).await;
    let cookie = browser.0.expect("a cookie");
    let headers = [(http::header::COOKIE, cookie.parse().expect("a header"))].into_iter().collect();
    let digest = platform::browser::Browser::of(&headers).expect("a browser").digest();
    assert_eq!(login.claims[platform::browser::CLAIM], json!(digest));
}
