//! The follow-up function on changes that the real store makes, in the form in which the stream delivers them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::channel::Channel;
use domain::follow_up::Notice;
use domain::locale::Locale;
use domain::phone::Country;
use domain::ports::{ChallengeStore as _, Notifier, SendError, Sent, Started};
use domain::purpose::Purpose;
use domain::start::Decision;
use follow_up::{App, TIME};
use platform::sms::EndUserMessaging;
use platform::store::DynamoStore;
use platform::stream::Batch;
use serde_json::{Value, json};

use crate::scene::{ALICE, NOW, Scene, number};

const DAY: u64 = 24 * 3600;

#[derive(Default)]
struct Network(Mutex<Vec<Notice>>);

impl Notifier for Network {
    async fn notify(&self, notice: &Notice, _: Duration) -> Result<Sent, SendError> {
        self.0.lock().expect("not poisoned").push(notice.clone());
        Ok(Sent::default())
    }
}

/// The function, with the changes to the subject that it has yet to receive.
struct Stream {
    app: App<DynamoStore, Network, EndUserMessaging>,
    image: Option<Value>,
    changes: Vec<Value>,
}

impl Stream {
    fn of(scene: &Scene) -> Self {
        let reach = scene.rules.reach.clone();
        let app =
            App { store: scene.backend.store(), reach, notifier: Some(Network::default()), feedback: None, time: TIME };
        Self { app, image: None, changes: Vec::new() }
    }

    /// Records how the subject has changed since the last time.
    async fn see(&mut self, scene: &Scene) {
        let items = scene.backend.client.scan().table_name(&scene.backend.table).send().await.expect("items");
        let subject =
            items.items().iter().find(|item| item.get("sk") == Some(&AttributeValue::S("subject".to_owned())));
        let image = subject.map(image);
        if let Some((old, new)) = self.image.as_ref().zip(image.as_ref()).filter(|(old, new)| old != new) {
            let number = self.changes.len();
            self.changes.push(json!({
                "eventID": format!("change-{number}"),
                "dynamodb": {
                    "ApproximateCreationDateTime": 1.0, "SequenceNumber": number.to_string(),
                    "OldImage": old, "NewImage": new,
                },
            }));
        }
        self.image = image;
    }

    /// Delivers every change twice, as a stream may.
    async fn bring(&self) {
        for _ in 0..2 {
            let batch: Batch = serde_json::from_value(json!({ "Records": self.changes })).expect("a batch");
            let report = serde_json::to_value(self.app.handle(&batch).await).expect("JSON");
            assert_eq!(report, json!({ "batchItemFailures": [] }));
        }
    }

    async fn verified(&self) -> Vec<(u64, u32)> {
        let record = self.app.store.country(Country::parse("US").expect("a country")).await.expect("a record");
        record.verified.into_iter().collect()
    }
}

/// An item in the stream's JSON format.
fn image(item: &HashMap<String, AttributeValue>) -> Value {
    item.iter().map(|(name, value)| (name.clone(), stored(value))).collect::<serde_json::Map<_, _>>().into()
}

fn stored(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(stored).collect::<Vec<_>>() }),
        AttributeValue::M(values) => json!({ "M": image(values) }),
        other => panic!("no subject has {other:?}"),
    }
}

/// Signs in, and records every change.
async fn sign_in(scene: &mut Scene, stream: &mut Stream, session: &str) {
    scene.session(session);
    let code = scene.send_code().await;
    stream.see(scene).await;
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    stream.see(scene).await;
}

#[tokio::test]
async fn a_returning_user_is_counted_once_on_each_day() {
    let mut scene = Scene::new().await;
    let mut stream = Stream::of(&scene);
    sign_in(&mut scene, &mut stream, "1").await; // enrolment: the first time seen
    for session in ["2", "3", "4", "5"] {
        scene.pass(9 * 3600);
        sign_in(&mut scene, &mut stream, session).await;
    }
    stream.bring().await;
    let today = NOW.as_unix() / DAY; // NOW is at 08:00 in UTC
    assert_eq!(stream.verified().await, [(today + 1, 1)]);
    let app = &stream.app;
    assert!(app.notifier.as_ref().expect("a network").0.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn the_replaced_number_is_notified_in_the_language_of_its_own_enrolment() {
    let mut scene = Scene::new().await;
    let mut stream = Stream::of(&scene);
    scene.locale = Locale::Es;
    sign_in(&mut scene, &mut stream, "1").await;
    scene.pass(DAY);
    scene.locale = Locale::Ar;
    scene.purpose = Purpose::Change;
    sign_in(&mut scene, &mut stream, "2").await; // proves the current number
    scene.pass(60);
    let new = Some("+14155550199");
    let Ok(Decision::Send(mut transaction)) = scene.decide(&scene.load().await, Channel::Sms, new) else {
        panic!("sends")
    };
    let (code, _) = transaction.add_code(&scene.keys, &mut platform::clock::random());
    assert_eq!(scene.store.start(&transaction).await.expect("started"), Started::Applied);
    assert_eq!(scene.guess(&code).await.expect("judged"), Some(true));
    stream.see(&scene).await;
    assert_eq!(scene.load().await.subject.binding.map(|binding| binding.number), Some(number("+14155550199")));
    stream.bring().await;
    assert_eq!(
        stream.verified().await,
        [(NOW.as_unix() / DAY + 1, 1)],
        "only the proof of the current number is counted"
    );
    let notices = stream.app.notifier.as_ref().expect("a network").0.lock().expect("not poisoned").clone();
    for notice in &notices {
        assert_eq!((&notice.to, &notice.new, notice.locale), (&number(ALICE), &number("+14155550199"), Locale::Es));
    }
    assert_eq!(notices.len(), 2, "once for each delivery of the change");
}
