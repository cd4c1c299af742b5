//! What the function reads from its environment.

use platform::door_settings::DoorSettings;
use platform::settings::{Environment, table};

use crate::entra::{Cloud, Guid, Registration};

#[derive(Clone, Debug)]
pub struct Config {
    pub door: DoorSettings,
    pub brand: String,
    pub registration: Registration,
    /// The key that signs the answers to Entra.
    pub answer_key: String,
    pub edge_secret: Option<String>,
}

impl Config {
    pub fn read(env: &mut Environment) -> Option<Self> {
        let door = DoorSettings::read(env);
        let brand = env.get(&table::BRAND);
        let registration = registration(env, door.as_ref());
        let answer_key = env.parse(&table::ANSWER_KEY_ARN, |key| match (key, &door) {
            (None, _) => Err("is not set".to_owned()),
            (Some(key), Some(door)) if door.has_key(&key) => Err("must be a key of its own".to_owned()),
            (Some(key), _) => Ok(key),
        });
        let edge_secret = env.get(&table::EDGE_SECRET_ARN);
        Some(Self {
            door: door?,
            brand: brand?,
            registration: registration?,
            answer_key: answer_key?,
            edge_secret: edge_secret?,
        })
    }
}

fn registration(env: &mut Environment, door: Option<&DoorSettings>) -> Option<Registration> {
    let cloud = env.get(&table::ENTRA_AUTHORITY).map(Cloud::new);
    let tenants = env.parse(&table::ENTRA_TENANT_IDS, |list| tenants(list.as_deref()));
    let app = env.get(&table::ENTRA_APP_ID);
    let client = env.parse(&table::ENTRA_CLIENT_ID, |client| {
        // It is the audience of the answer.
        if door.is_some_and(|door| door.has_audience(&client)) {
            Err("must be neither RESULT_AUDIENCE nor one of FIRST_FACTOR_AUDIENCE".to_owned())
        } else {
            Ok(client)
        }
    });
    let max_age = env.get(&table::MAX_AUTH_AGE_SECONDS);
    let hint_age = env.parse(&table::ENTRA_HINT_AGE_SECONDS, |age| match max_age {
        // The API would refuse what is taken here.
        Some(max_age) if max_age < age => Err("must be at most MAX_AUTH_AGE_SECONDS".to_owned()),
        _ => Ok(age),
    });
    max_age?;
    Some(Registration { cloud: cloud?, tenants: tenants?, app: app?, client: client?, hint_age: hint_age? })
}

fn tenants(list: Option<&str>) -> Result<Vec<Guid>, String> {
    let list = list.ok_or("is not set")?;
    let tenant = |text: &str| Guid::parse(text.trim()).ok_or_else(|| format!("must list GUIDs, which {text:?} is not"));
    list.split(',').map(tenant).collect()
}
