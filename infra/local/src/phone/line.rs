//! One call from start to end: it rings until somebody answers or the caller gives up, then follows the
//! scripts that its webhooks return until either side hangs up. Each change of status is reported to the
//! status callback, in order.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Phone;
use super::call::{Action, Answerer, Status, Webhook};
use super::faults::VoiceFault;
use super::signature::{Form, sign};
use super::twiml::{self, Gather, Verb};
use crate::clock;
use crate::development::{VOICE_ACCOUNT, VOICE_AUTH_TOKEN};

/// How long the provider waits for a webhook's answer.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(15);
/// How long connecting and machine detection take: less than in real life, but not nothing.
const CONNECTING: Duration = Duration::from_millis(100);
const DETECTING: Duration = Duration::from_millis(300);
/// How long voicemail waits for a person to answer first.
const VOICEMAIL_AFTER: Duration = Duration::from_secs(4);

/// A call as the product ordered it.
pub(crate) struct Order {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) url: String,
    pub(crate) status_callback: Option<String>,
    pub(crate) events: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) time_limit: Duration,
    pub(crate) detects_machines: bool,
}

pub(crate) struct Line {
    phone: Arc<Phone>,
    order: Order,
    actions: Receiver<Action>,
    sequence: u32,
}

/// What a script leads to: the next script, or the end of the call.
enum Next {
    Fetch(Url, Form),
    End,
}

/// Why a script stops before its end.
enum Stop {
    HungUp,
    Fault(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl Line {
    pub(crate) fn new(phone: Arc<Phone>, order: Order, actions: Receiver<Action>) -> Self {
        Self { phone, order, actions, sequence: 0 }
    }

    /// The whole call, from `initiated` to its final status.
    pub(crate) async fn live(mut self, fault: VoiceFault) {
        self.report(Status::Initiated, &[]).await;
        sleep(CONNECTING).await;
        let end = match fault {
            VoiceFault::Busy => Status::Busy,
            VoiceFault::Failed => Status::Failed,
            _ => {
                self.report(Status::Ringing, &[]).await;
                match self.ring().await {
                    ControlFlow::Break(end) => end,
                    ControlFlow::Continue(answerer) => return self.converse(answerer).await,
                }
            }
        };
        self.report(end, &[("CallDuration", "0".to_owned())]).await;
    }

    async fn ring(&mut self) -> ControlFlow<Status, Answerer> {
        let rung = Instant::now();
        let mut changes = self.phone.changed.subscribe();
        loop {
            // Read again after each change: voicemail may be switched on while it rings.
            changes.mark_unchanged();
            let voicemail = self.phone.voicemail() && VOICEMAIL_AFTER < self.order.timeout;
            let patience = if voicemail { VOICEMAIL_AFTER } else { self.order.timeout };
            let action = tokio::select! {
                action = timeout_at(rung + patience, self.actions.recv()) => action,
                _ = changes.changed() => continue,
            };
            match action {
                Err(_) if voicemail => return ControlFlow::Continue(Answerer::Machine),
                Ok(Some(Action::Answer(answerer))) => return ControlFlow::Continue(answerer),
                Ok(Some(Action::HangUp)) => return ControlFlow::Break(Status::Busy),
                Ok(Some(Action::Press(_))) => {}
                Ok(Some(Action::Ignore) | None) | Err(_) => return ControlFlow::Break(Status::NoAnswer),
            }
        }
    }

    async fn converse(mut self, answerer: Answerer) {
        let started = Instant::now();
        self.phone.update(&self.order.sid, |call| call.answered_at_millis = Some(clock::epoch_millis()));
        self.report(Status::InProgress, &[]).await;
        let mut form = Form::new();
        if self.order.detects_machines {
            sleep(DETECTING).await;
            self.phone.update(&self.order.sid, |call| call.answered_by = Some(answerer.name()));
            form.push(("AnsweredBy".to_owned(), answerer.name().to_owned()));
        }
        let limit = self.order.time_limit;
        if let Ok(Err(error)) = timeout(limit, self.perform_scripts(form)).await {
            self.phone.update(&self.order.sid, |call| call.problem = Some(format!("{error:#}")));
        }
        let duration = started.elapsed().as_secs().to_string();
        self.report(Status::Completed, &[("CallDuration", duration)]).await;
    }

    async fn perform_scripts(&mut self, mut form: Form) -> Result<()> {
        let mut url = Url::parse(&self.order.url)?;
        loop {
            let script = self.fetch_script(&url, form).await?;
            match self.perform(&script, &url).await {
                Ok(Next::Fetch(next, fields)) => (url, form) = (next, fields),
                Ok(Next::End) | Err(Stop::HungUp) => return Ok(()),
                Err(Stop::Fault(error)) => return Err(error),
            }
        }
    }

    async fn perform(&mut self, script: &[Verb], base: &Url) -> Result<Next, Stop> {
        for verb in script {
            match verb {
                Verb::Say { .. } | Verb::Play(_) | Verb::Pause(_) => self.play(verb).await?,
                Verb::Redirect(to) => return Ok(Next::Fetch(resolve(base, to)?, Form::new())),
                Verb::Hangup => return Ok(Next::End),
                Verb::Gather(gather) => {
                    let digits = self.gather(gather).await?;
                    if !digits.is_empty() {
                        let action = gather.action.as_deref().unwrap_or_default();
                        let form = vec![("Digits".to_owned(), digits)];
                        return Ok(Next::Fetch(resolve(base, action)?, form));
                    }
                }
            }
        }
        Ok(Next::End)
    }

    async fn play(&mut self, verb: &Verb) -> Result<(), Stop> {
        match verb {
            Verb::Say { text, language } => self.speak(text, language.as_deref()),
            Verb::Play(recording) => self.speak(recording, None),
            Verb::Pause(length) => return self.pause(*length).await,
            Verb::Gather(_) | Verb::Redirect(_) | Verb::Hangup => {}
        }
        Ok(())
    }

    fn speak(&self, text: &str, language: Option<&str>) {
        self.phone.update(&self.order.sid, |call| {
            call.spoken.push(text.to_owned());
            call.language = language.map(str::to_owned);
        });
    }

    /// Waits; keys pressed meanwhile are ignored.
    async fn pause(&mut self, length: Duration) -> Result<(), Stop> {
        let over = Instant::now() + length;
        loop {
            match timeout_at(over, self.actions.recv()).await {
                Ok(Some(Action::HangUp) | None) => return Err(Stop::HungUp),
                Ok(Some(_)) => {}
                Err(_) => return Ok(()),
            }
        }
    }

    /// Collects keys until the finishing key, the wanted number of keys, or silence. Keys pressed before the
    /// prompt are ignored.
    async fn gather(&mut self, gather: &Gather) -> Result<String, Stop> {
        self.pause(Duration::ZERO).await?;
        let interrupting = self.prompt(gather).await?;
        let digits = self.collect(gather, interrupting).await;
        self.listen(false);
        digits
    }

    /// Plays the prompts. A key pressed in one of their pauses ends them, and is returned.
    async fn prompt(&mut self, gather: &Gather) -> Result<Option<char>, Stop> {
        for prompt in &gather.prompts {
            if let Verb::Pause(length) = prompt {
                self.listen(true);
                if let Some(key) = self.key_within(*length).await? {
                    return Ok(Some(key));
                }
            } else {
                self.play(prompt).await?;
            }
        }
        self.listen(true);
        Ok(None)
    }

    async fn collect(&mut self, gather: &Gather, interrupting: Option<char>) -> Result<String, Stop> {
        let mut digits = String::new();
        let mut pressed = interrupting;
        while gather.num_digits.is_none_or(|wanted| digits.len() < wanted) {
            let key = match pressed.take() {
                None => self.key_within(gather.timeout).await?,
                key => key,
            };
            match key {
                Some(key) if gather.finish_on_key != Some(key) => digits.push(key),
                _ => break,
            }
        }
        Ok(digits)
    }

    /// The next key, or none if none is pressed within `length`.
    async fn key_within(&mut self, length: Duration) -> Result<Option<char>, Stop> {
        let over = Instant::now() + length;
        loop {
            match timeout_at(over, self.actions.recv()).await {
                Ok(Some(Action::Press(key))) => {
                    self.phone.update(&self.order.sid, |call| call.pressed.push(key));
                    return Ok(Some(key));
                }
                Ok(Some(Action::HangUp) | None) => return Err(Stop::HungUp),
                Ok(Some(_)) => {}
                Err(_) => return Ok(None),
            }
        }
    }

    fn listen(&self, listening: bool) {
        self.phone.update(&self.order.sid, |call| call.listening = listening);
    }

    async fn fetch_script(&mut self, url: &Url, fields: Form) -> Result<Vec<Verb>> {
        let mut form = self.fields(Status::InProgress);
        form.extend(fields);
        let response = self.post(url.as_str(), form).await?;
        ensure!(response.status().is_success(), "the script's URL answered {}", response.status());
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("none");
        ensure!(kind.contains("xml"), "the script's content type is {kind}, not XML");
        twiml::parse(&response.text().await?)
    }

    /// Sets the call's status and reports it to the status callback, if that subscribed to it.
    async fn report(&mut self, status: Status, extra: &[(&str, String)]) {
        self.phone.update(&self.order.sid, |call| call.status = status);
        let Some(url) = self.order.status_callback.clone() else { return };
        if !self.order.events.iter().any(|event| event == status.event()) {
            return;
        }
        let mut form = self.fields(status);
        form.push(("CallbackSource".to_owned(), "call-progress-events".to_owned()));
        form.push(("SequenceNumber".to_owned(), self.sequence.to_string()));
        form.push(("Timestamp".to_owned(), clock::rfc2822()));
        form.extend(extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.sequence += 1;
        if let Err(error) = self.post(&url, form).await {
            self.phone.update(&self.order.sid, |call| call.problem = Some(format!("{error:#}")));
        }
    }

    /// The fields that every webhook has.
    fn fields(&self, status: Status) -> Form {
        [
            ("AccountSid", VOICE_ACCOUNT),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", &self.order.sid),
            ("CallStatus", status.name()),
            ("Called", &self.order.to),
            ("Caller", &self.order.from),
            ("Direction", "outbound-api"),
            ("From", &self.order.from),
            ("To", &self.order.to),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    async fn post(&self, url: &str, form: Form) -> Result<reqwest::Response> {
        let signature = sign(VOICE_AUTH_TOKEN, url, &form)?;
        let request = self.phone.http.post(url).header("x-twilio-signature", &signature).form(&form);
        let answer = request.timeout(WEBHOOK_TIMEOUT).send().await;
        let answered = answer.as_ref().ok().map(|response| response.status().as_u16());
        let webhook = Webhook { url: url.to_owned(), form, signature, answered };
        self.phone.update(&self.order.sid, |call| call.webhooks.push(webhook));
        answer.with_context(|| format!("no answer from the webhook {url}"))
    }
}

fn resolve(base: &Url, reference: &str) -> Result<Url> {
    base.join(reference).with_context(|| format!("{reference} is not a URL"))
}
