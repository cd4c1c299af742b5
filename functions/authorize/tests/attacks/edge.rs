//! Going around the edge, where there is one.

use platform::edge::SECRET_HEADER;
use serde_json::json;

use crate::world::{Browser, Form, NOW, World, request};

const SECRET: &str = "the-edge-and-nobody-else-knows-this";

async fn status(world: &World, path: &str, form: &Form, browser: &Browser, secret: &str) -> u16 {
    let mut request = request(path, form.body(), browser);
    request.headers_mut().insert(SECRET_HEADER, secret.parse().expect("a header"));
    world.send(request, NOW).await.status
}

#[tokio::test]
async fn what_goes_around_the_edge_gets_a_page_of_ours() {
    let world = World::behind_edge(Some(SECRET)).await;
    world.ask(&world.form()).await.assert_ended(403, "no header");
    assert_eq!(status(&world, "/authorize", &world.form(), &Browser::default(), "another").await, 403);
    assert_eq!(world.entra.asked(), [""; 0], "nothing is read for it");
    assert_eq!(status(&world, "/authorize", &world.form(), &Browser::default(), SECRET).await, 303);
}

#[tokio::test]
async fn an_answer_goes_through_the_edge_too() {
    let mut browser = Browser::default();
    let world = World::new().await;
    let login = world.login(&world.form(), &mut browser).await;
    let form = login.with(&login.result(&json!({})));
    let guarded = World::behind_edge(Some(SECRET)).await;
    guarded.hand_over(&form, &browser).await.assert_ended(403, "no header");
    // That world has another Entra, so the login is not of its registration. It is looked at.
    assert_eq!(status(&guarded, "/authorize/answer", &form, &browser, SECRET).await, 400);
}

#[tokio::test]
async fn nobody_is_let_in_while_the_edges_secret_cannot_be_read() {
    let world = World::behind_edge(None).await;
    assert_eq!(status(&world, "/authorize", &world.form(), &Browser::default(), SECRET).await, 503);
}
