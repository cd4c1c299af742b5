// The phone's sounds, made by the browser: a ring tone, a chime, the keys' tones, and a voice. Browsers
// allow no sound until the user has clicked on the page or pressed a key.

const ROWS = { 1: 697, 2: 697, 3: 697, 4: 770, 5: 770, 6: 770, 7: 852, 8: 852, 9: 852, '*': 941, 0: 941, '#': 941 };
const COLUMNS = { 1: 1209, 4: 1209, 7: 1209, '*': 1209, 2: 1336, 5: 1336, 8: 1336, 0: 1336, 3: 1477, 6: 1477, 9: 1477, '#': 1477 };
const RING = [659, 831, 988, 1319, 988, 831, 988, 1319];

let context = null;
let timer = 0;
let on = true;

for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, wake, { capture: true });

function wake() {
  if (!on) return;
  context ??= new AudioContext();
  if (context.state === 'suspended') context.resume();
}

/** Turns the sound on or off. */
export function sounds(wanted) {
  on = wanted;
  if (!on) context?.suspend();
  else if (navigator.userActivation?.hasBeenActive) wake();
}

/** Starts or stops ringing. */
export function ring(ringing) {
  if (ringing === Boolean(timer)) return;
  clearInterval(timer);
  timer = ringing ? setInterval(melody, 2600) : 0;
  if (ringing) melody();
}

const melody = () => RING.forEach((pitch, index) => tone(pitch, index * 0.13, 0.5, 0.12));

/** Announces a message. */
export function chime() {
  tone(988, 0, 0.3, 0.1);
  tone(1319, 0.11, 0.5, 0.1);
}

/** The two tones of a key. */
export function key(name) {
  tone(ROWS[name], 0, 0.16, 0.06, 'flat');
  tone(COLUMNS[name], 0, 0.16, 0.06, 'flat');
}

function tone(pitch, after, length, volume, shape = 'struck') {
  if (!on || context?.state !== 'running') return;
  const start = context.currentTime + after;
  const oscillator = new OscillatorNode(context, { frequency: pitch });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0.0001, start);
  gain.gain.exponentialRampToValueAtTime(volume, start + 0.012);
  if (shape === 'flat') gain.gain.setValueAtTime(volume, start + length - 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0001, start + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + length);
}

/** Reads a text aloud in its language. */
export function say(text, language) {
  if (!('speechSynthesis' in window)) return;
  const utterance = new SpeechSynthesisUtterance(text);
  if (language) utterance.lang = language;
  speechSynthesis.speak(utterance);
}

/** Stops reading aloud. */
export const hush = () => window.speechSynthesis?.cancel();
