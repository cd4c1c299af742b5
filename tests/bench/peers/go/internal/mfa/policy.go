// Package mfa is what the four functions share.
package mfa

import (
	"cmp"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Lengths of time, in seconds.
const (
	Short      = 600
	Long       = 86_400
	Skew       = 60
	ResultLife = 300
)

// Policy is the numbers that govern the factor.
var Policy = struct {
	MaxAuthAge, CodeLife, Cooldown             int64
	MaxGuesses, MaxSends                       int
	MaxSendsShort, MaxSendsLong, MaxCallsShort int
	MaxNumberShort, MaxNumberLong, MaxNetwork  int
	DelayFrom, LockAt                          int
	MachineDetection                           bool
}{
	MaxAuthAge:       int64(number("MAX_AUTH_AGE_SECONDS", 900)),
	CodeLife:         int64(number("CODE_LIFE_SECONDS", 300)),
	Cooldown:         int64(number("COOLDOWN_SECONDS", 30)),
	MaxGuesses:       number("MAX_GUESSES", 5),
	MaxSends:         number("MAX_SENDS", 3),
	MaxSendsShort:    number("MAX_SENDS_PER_10_MINUTES", 5),
	MaxSendsLong:     number("MAX_SENDS_PER_DAY", 10),
	MaxCallsShort:    number("MAX_CALLS_PER_10_MINUTES", 2),
	MaxNumberShort:   number("MAX_SENDS_PER_NUMBER_PER_10_MINUTES", 5),
	MaxNumberLong:    number("MAX_SENDS_PER_NUMBER_PER_DAY", 10),
	MaxNetwork:       number("MAX_SENDS_PER_NETWORK_PER_10_MINUTES", 20),
	DelayFrom:        number("DELAY_FROM_FAILURES", 10),
	LockAt:           number("LOCK_AT_FAILURES", 100),
	MachineDetection: os.Getenv("MACHINE_DETECTION") != "off",
}

func number(name string, otherwise int) int {
	value, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return otherwise
	}
	return value
}

// countries are those served, each with its channels: `US,CA:sms`.
var countries = func() map[string][]string {
	served := map[string][]string{}
	for entry := range strings.SplitSeq(os.Getenv("ALLOWED_COUNTRIES"), ",") {
		country, channels, some := strings.Cut(strings.TrimSpace(entry), ":")
		if !some {
			channels = "sms+call"
		}
		served[country] = strings.Split(channels, "+")
	}
	return served
}()

// IsServed tells whether numbers of the country are sent to.
func IsServed(country string) bool {
	_, served := countries[country]
	return served
}

// Reaches tells whether the channel reaches a line: a landline takes calls only.
func Reaches(channel, country, line string) bool {
	return slices.Contains(countries[country], channel) && (channel == "call" || line == "mobile")
}

// Account is what the guesses reserved for challenges come to once those that count takes are counted as failures.
func Account(subject *Subject, challenges []*Challenge, count func(*Challenge) bool) (int, int64, map[string]int) {
	failures, last, reserved := subject.Failures, subject.LastFailureAt, map[string]int{}
	for name, guesses := range subject.GuessesReserved {
		at := slices.IndexFunc(challenges, func(known *Challenge) bool { return known.Reservation() == name })
		if at < 0 {
			failures += guesses // forgotten, so it counts as spent
			continue
		}
		challenge := challenges[at]
		if !count(challenge) {
			reserved[name] = guesses
		} else if challenge.Attempts > challenge.Carried {
			if challenge.LastGuessAt+Skew >= subject.LastSuccessAt { // no success has made up for it
				failures += challenge.Attempts - challenge.Carried
			}
			last = max(last, challenge.LastGuessAt)
		}
	}
	return failures, last, reserved
}

// Lockout tells whether failures keep the account from a new challenge, and until when if that ends by itself.
func Lockout(subject *Subject, challenges []*Challenge, now int64) (locked bool, until int64) {
	failures, last, _ := Account(subject, challenges, func(*Challenge) bool { return true })
	if subject.LockedAt > 0 || failures >= Policy.LockAt {
		return true, 0
	}
	if failures < Policy.DelayFrom {
		return false, 0
	}
	until = last + int64(min(30*math.Pow(2, float64(failures-Policy.DelayFrom)), 3600))
	return until > now, until
}

// A Limit is a window on sends, with those left and when it has room again if it is full.
type Limit struct {
	Name    string
	Left    int
	RetryAt int64
}

// Windows are the sliding windows that limit an account's sends.
func Windows(subject *Subject, channel string, now int64) []Limit {
	all := slices.Concat(subject.SMSSent, subject.CallsPlaced)
	slices.Sort(all)
	limits := []Limit{
		window("subject-short", all, Policy.MaxSendsShort, Short, now),
		window("subject-long", all, Policy.MaxSendsLong, Long, now),
	}
	if channel == "call" {
		limits = append(limits, window("subject-calls", subject.CallsPlaced, Policy.MaxCallsShort, Short, now))
	}
	return limits
}

func window(name string, times []int64, quota int, length, now int64) Limit {
	sent := slices.DeleteFunc(slices.Clone(times), func(at int64) bool { return now-at >= length })
	if left := quota - len(sent); left > 0 {
		return Limit{Name: name, Left: left}
	}
	return Limit{Name: name, RetryAt: sent[len(sent)-quota] + length}
}

// Last is the limit that gives way last.
func Last(limits []Limit) Limit {
	return slices.MaxFunc(limits, func(a, b Limit) int { return cmp.Compare(a.RetryAt, b.RetryAt) })
}
