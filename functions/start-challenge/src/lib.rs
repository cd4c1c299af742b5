//! `POST /v1/challenge`: sends a code or places a call, resends, or adds the other channel.
//!
//! Persist, then send. The transaction that starts a challenge records that it is being sent, and only a
//! send that does not go well costs another write. The response says how it went. A provider is asked
//! once: a retry would charge or ring twice.

use std::sync::Arc;
use std::time::Duration;

use domain::call::CallToken;
use domain::challenge::Challenge;
use domain::channel::Channel;
use domain::code::{Code, MacKeys};
use domain::delivery::{Delivery, SendFailure};
use domain::locale::Locale;
use domain::phone::{Country, Dialled, Form, Line, PhoneNumber, PhoneRefusal, Reading, Subscriber};
use domain::policy::CallMode;
use domain::ports::{
    CallPlacer, ChallengeStore, KeySource, Message, SendError, Sent, SmsSender, Started, StoreError, SwitchStore,
};
use domain::purpose::Purpose;
use domain::receipt::ReceiptToken;
use domain::refusal::{Consequence, Refusal, Refused};
use domain::request::Request as Asked;
use domain::rules::Rules;
use domain::snapshot::Snapshot;
use domain::start::{Decision, Start};
use domain::start_transaction::StartTransaction;
use domain::status::status;
use domain::switches::Switches;
use domain::time::Timestamp;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use platform::clock::{self, Stopwatch};
use platform::edge::{self, Edge, Peer};
use platform::first_factor::FirstFactor;
use platform::numbering::WorldPlan;
use platform::problem::{Failure, Problem};
use platform::request::{Fields, TakeFields};
use platform::secrets::{SecretSource, SecretsManager};
use platform::settings::FactorSettings;
use platform::switchboard::Switchboard;
use platform::{reply, retry, run, telemetry};

use crate::countries::Countries;

pub mod config;
pub mod countries;

/// The longest that conflicts are tried again, if the send has at least as much time left.
const MOST_PATIENCE: Duration = Duration::from_secs(3);

pub struct App<S, K, M, C, E = SecretsManager> {
    /// Settings shared with the other functions.
    pub settings: FactorSettings,
    /// Total time from receiving the request to the provider's acceptance.
    pub send_timeout: Duration,
    pub store: S,
    pub countries: Countries,
    pub switchboard: Switchboard,
    pub keys: K,
    pub sms: M,
    /// `None` where the deployment offers no calls.
    pub caller: Option<C>,
    pub edge: Edge<E>,
}

impl<S: ChallengeStore + SwitchStore, K: KeySource, M: SmsSender, C: CallPlacer, E: SecretSource> App<S, K, M, C, E> {
    pub async fn handle(&self, request: Request, now: Timestamp) -> Response<Body> {
        let watch = Stopwatch::start();
        let outcome = self.start(&request, now, watch).await;
        match &outcome {
            Err(Failure { problem: Problem::Refused(Refusal::SendLimit(limit)), .. }) => {
                telemetry::start_refused(limit.limit.as_str());
            }
            Err(Failure { problem: problem @ (Problem::Refused(_) | Problem::EdgeRequired), .. }) => {
                telemetry::start_refused(problem.name());
            }
            _ => {}
        }
        run::conclude("start-challenge", outcome, watch, now)
    }

    async fn start(&self, request: &Request, now: Timestamp, watch: Stopwatch) -> Result<Response<Body>, Failure> {
        let peer = edge::admit(&self.edge, request, now).await?;
        let first_factor = FirstFactor::of(request, &self.settings.session, now)?;
        let asked = asked(request, peer, &first_factor, &self.settings.rules, now)?;
        let keys = self.keys.keys(now).await?;
        let patience = MOST_PATIENCE.min(self.send_timeout.saturating_sub(watch.elapsed()) / 2);
        let persisted = retry::on_conflict(patience, || self.persist(&keys, &asked, now)).await?;
        let (persisted, switches) = persisted;
        let view = |code, stored: &Snapshot| self.view(code, &switches, stored, &keys, &asked, now);
        let (stored, transaction, outgoing) = match persisted {
            StartOutcome::Running(stored) => return Ok(view(StatusCode::OK, &stored)),
            StartOutcome::ToSend(stored, transaction, outgoing) => (stored, transaction, outgoing),
        };
        if transaction.test_code.is_some() {
            tracing::info!(subject = ?asked.key.subject, "a test number: nothing is sent");
            return Ok(view(StatusCode::CREATED, &transaction.applied(stored)));
        }
        let mut challenge = transaction.challenge.clone();
        let sent = self.send(&transaction, &outgoing, watch).await;
        let outcome = note(asked.channel, challenge.country, sent.as_ref().err(), watch);
        let cause = sent.as_ref().err().map(|error| run::chain(error));
        let (subject, channel) = (asked.key.subject, asked.channel.as_str());
        let country = transaction.challenge.country.as_str();
        let Sent { id, sender } = sent.as_ref().ok().cloned().unwrap_or_default();
        tracing::info!(?subject, channel, country, outcome, id, sender, cause, "sent");
        let mut stored = transaction.applied(stored);
        let Err(error) = sent else {
            challenge.correct_send(asked.channel, Delivery::Accepted);
            stored.replace(challenge);
            return Ok(view(StatusCode::CREATED, &stored));
        };
        if let Err(error) = self.record(&transaction, error.kind).await {
            // This response still reports how the send went, though a later status call will not.
            tracing::error!(cause = run::chain(&error), "the outcome of a send was not recorded");
        }
        if error.kind != SendFailure::Unknown {
            return Err(Failure::caused(problem(error.kind), error));
        }
        challenge.correct_send(asked.channel, error.kind.delivery());
        stored.replace(challenge);
        Ok(view(StatusCode::CREATED, &stored))
    }

    /// Reads, decides and writes. A conflict if another request got in between.
    async fn persist(
        &self,
        keys: &MacKeys,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<(StartOutcome, Arc<Switches>), Failure> {
        // Read concurrently, so that the country's record and the switches add no latency.
        let record = async {
            let typed = asked.typed.as_ref().and_then(|typed| Some((typed.country?, typed.line)));
            match typed.filter(|(country, line)| self.settings.rules.serves(*country, *line, asked.channel)) {
                Some((country, _)) => self.countries.record(country, &self.store, now).await.map(drop),
                None => Ok(()),
            }
        };
        let switches = self.switchboard.current(&self.store, now);
        let (stored, read, switches) = tokio::join!(self.store.load(&asked.key.subject), record, switches);
        let (stored, switches) = (stored?, switches?);
        read?;
        if stored.is_torn(now) {
            return Err(StoreError::Conflict.into());
        }
        let start = Start { rules: &self.settings.rules, plan: &WorldPlan, switches: &switches };
        let mut transaction = match start.decide(&stored, asked, now) {
            Ok(Decision::Send(transaction)) => transaction,
            Ok(Decision::Running) => return Ok((StartOutcome::Running(stored), switches)),
            Err(refusal) => {
                let consequence = start.consequence(&stored, asked, refusal, now);
                return Err(self.refused(asked, refusal, consequence, now).await);
            }
        };
        if transaction.challenge.source.is_unverified() {
            self.charge_budget(&mut transaction, &switches, asked, now).await?;
        }
        let outgoing = match transaction.channel {
            Channel::Sms => {
                let (code, receipt) = transaction.add_code(keys, &mut clock::random());
                Outgoing::Code(code, receipt)
            }
            Channel::Call => Outgoing::Call(transaction.add_call(&mut clock::random())),
        };
        match self.store.start(&transaction).await? {
            Started::Applied => Ok((StartOutcome::ToSend(stored, transaction, outgoing), switches)),
            Started::Refused(refusal) => {
                if let Some(charge) = transaction.country_charge(refusal) {
                    self.countries.remember_full(transaction.challenge.country, transaction.channel, charge);
                }
                Err(refusal.into())
            }
        }
    }

    /// Charges the country's budget, going by its record as cached in this process.
    async fn charge_budget(
        &self,
        transaction: &mut StartTransaction,
        switches: &Switches,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let country = transaction.challenge.country;
        let record = self.countries.record(country, &self.store, now).await?;
        let rules = switches.budget(&self.settings.rules.policy.unverified, now);
        let Err(exhausted) = transaction.charge_budget(&record, &rules, &mut clock::random()) else { return Ok(()) };
        if let Some(until) = exhausted.open_until {
            self.countries.remember_open(country, asked.channel, until);
        }
        let opens = exhausted.open_until.map(|until| Consequence::OpenBreaker(country, until));
        Err(self.refused(asked, Refusal::SendLimit(exhausted.limit), opens, now).await)
    }

    /// Records the refusal and returns it.
    async fn refused(
        &self,
        asked: &Asked,
        refusal: Refusal,
        consequence: Option<Consequence>,
        now: Timestamp,
    ) -> Failure {
        let refused = Refused { subject: &asked.key.subject, channel: asked.channel, refusal, consequence };
        match self.store.note_refusal(&refused, now).await {
            Ok(()) => refusal.into(),
            Err(error) => error.into(),
        }
    }

    async fn send(
        &self,
        transaction: &StartTransaction,
        outgoing: &Outgoing,
        watch: Stopwatch,
    ) -> Result<Sent, SendError> {
        let limit = self.send_timeout.saturating_sub(watch.elapsed());
        if limit.is_zero() {
            return Err(SendError { kind: SendFailure::ProviderFault, source: None }); // no time left to wait for a response
        }
        let challenge = &transaction.challenge;
        match outgoing {
            Outgoing::Code(code, receipt) => {
                let Challenge { ref phone, country, purpose, locale, ref id, expires_at, .. } = *challenge;
                let life = expires_at.since(transaction.at).saturating_sub(watch.elapsed());
                let message = Message { to: phone, country, code, life, purpose, locale, challenge: id, receipt };
                self.sms.send(&message, limit).await
            }
            Outgoing::Call(token) => match &self.caller {
                Some(caller) => caller.call(&challenge.phone, &challenge.id, token, limit).await,
                None => Err(SendError { kind: SendFailure::ProviderFault, source: None }),
            },
        }
    }

    /// Records a failed send. In an outage, many requests give back to the same counters at once.
    async fn record(&self, transaction: &StartTransaction, failure: SendFailure) -> Result<(), StoreError> {
        let given_back = transaction.given_back(failure);
        let record = || {
            self.store.record_send(
                &transaction.challenge.id,
                transaction.channel,
                transaction.at,
                failure.delivery(),
                &given_back,
            )
        };
        retry::on_conflict(retry::PATIENCE, record).await
    }

    fn view(
        &self,
        code: StatusCode,
        switches: &Switches,
        stored: &Snapshot,
        keys: &MacKeys,
        asked: &Asked,
        now: Timestamp,
    ) -> Response<Body> {
        let rules = &self.settings.rules;
        let mut view = status(rules, switches, stored, &asked.login(), now);
        let policy = &self.settings.rules.policy;
        // Other calls' digits are made with keys that this function may not read: the page gets them when it polls.
        if policy.call_mode == CallMode::MatchDigits {
            view.show_digits(policy, keys, stored.challenge(&asked.key), now);
        }
        reply::challenge(code, &view, None, self.settings.support_url.as_deref())
    }
}

enum StartOutcome {
    Running(Snapshot),
    ToSend(Snapshot, Box<StartTransaction>, Outgoing),
}

enum Outgoing {
    Code(Code, ReceiptToken),
    Call(CallToken),
}

/// What the body says.
pub struct Given {
    /// By which channel to send.
    pub channel: Channel,
    /// The number as it was typed.
    pub number: Option<String>,
    /// The country whose national form it may be in.
    pub region: Option<Country>,
    /// Which reading the user chose, for a number that can be read in two ways.
    pub reading: Option<Form>,
    /// The language of messages and calls.
    pub locale: Locale,
    /// What it is for.
    pub purpose: Purpose,
}

impl Given {
    /// Takes the fields of the body.
    pub fn read(fields: &mut impl TakeFields) -> Result<Self, Problem> {
        let channel = Channel::parse(&fields.text("channel")?)
            .ok_or_else(|| Problem::invalid_field("channel", "must be sms or call"))?;
        let number = fields.maybe_text("phoneNumber")?;
        let region = fields.maybe_text("region")?.as_deref().map(Country::parse).transpose();
        let region = region.map_err(|_| Problem::invalid_field("region", "must be an ISO 3166-1 alpha-2 code"))?;
        let reading = fields.maybe_text("reading")?.map(|word| Form::parse(&word).ok_or(word)).transpose();
        let reading = reading.map_err(|_| Problem::invalid_field("reading", "must be national or international"))?;
        let locale = fields.maybe_text("locale")?.as_deref().map(Locale::from_tag).unwrap_or_default();
        Ok(Self { channel, number, region, reading, locale, purpose: fields.purpose()? })
    }
}

fn asked(
    request: &Request,
    peer: Peer,
    first_factor: &FirstFactor,
    rules: &Rules,
    now: Timestamp,
) -> Result<Asked, Failure> {
    let mut fields = Fields::of(request)?;
    let Given { channel, number, region, reading, locale, purpose } = Given::read(&mut fields)?;
    fields.finish()?;
    let typed = number.map(|number| {
        let dialled = Dialled::parse(&number)?;
        let test = PhoneNumber::parse(dialled.as_str()).ok();
        let test = test.filter(|number| rules.test_number(number, &first_factor.sub, now).is_some());
        let test = test.map(|number| Subscriber { number, country: None, line: Line::Other });
        let found = test.map(Reading::Only).or_else(|| WorldPlan.read(&dialled, region));
        found.ok_or(PhoneRefusal::Invalid)?.meant(reading, &rules.reach)
    });
    let typed = typed.transpose().map_err(|refusal| Problem::Refused(Refusal::Number(refusal)))?;
    Ok(Asked {
        key: first_factor.challenge_for(purpose),
        purpose,
        sub: first_factor.sub.clone(),
        channel,
        typed,
        claimed: first_factor.phone.clone(),
        enrolment: first_factor.enrolment,
        network: peer.network(request)?,
        locale,
        keep_until: first_factor.keep_until,
    })
}

/// Measures a send, and names its outcome for the log.
fn note(channel: Channel, country: Country, error: Option<&SendError>, watch: Stopwatch) -> &'static str {
    let Some(error) = error else {
        telemetry::send_latency(channel, country, watch.elapsed());
        return Delivery::Accepted.as_str();
    };
    let reason = error.kind.as_str();
    match (channel, error.kind) {
        (_, SendFailure::ProviderFault | SendFailure::Unknown) | (Channel::Call, _) => {
            telemetry::provider_failed(channel, country);
        }
        (Channel::Sms, _) => telemetry::sms_refused(reason, country),
    }
    reason
}

fn problem(failure: SendFailure) -> Problem {
    match failure {
        SendFailure::NumberRefused => Problem::Refused(Refusal::Number(PhoneRefusal::Invalid)),
        SendFailure::OptedOut => Problem::NumberOptedOut,
        SendFailure::Throttled
        | SendFailure::Unauthorized
        | SendFailure::NotPermitted
        | SendFailure::SpendLimit
        | SendFailure::ProviderFault
        | SendFailure::Unknown => Problem::DeliveryFailed,
    }
}
