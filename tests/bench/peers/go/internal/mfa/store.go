package mfa

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Config is what every client starts from, with a time limit well under the functions' own.
func Config(ctx context.Context) aws.Config {
	client := awshttp.NewBuildableClient().WithTimeout(3 * time.Second)
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client))
	if err != nil {
		panic(err)
	}
	return cfg
}

// A Key is where an item is.
type Key struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
}

// A Subject is what is kept of an account.
type Subject struct {
	Version         int            `dynamodbav:"version"`
	Phone           string         `dynamodbav:"phone"`
	Country         string         `dynamodbav:"country"`
	Line            string         `dynamodbav:"line"`
	Binding         int            `dynamodbav:"binding"`
	Failures        int            `dynamodbav:"failures"`
	LastFailureAt   int64          `dynamodbav:"lastFailureAt"`
	LastSuccessAt   int64          `dynamodbav:"lastSuccessAt"`
	GuessesReserved map[string]int `dynamodbav:"guessesReserved"`
	SMSSent         []int64        `dynamodbav:"smsSent"`
	CallsPlaced     []int64        `dynamodbav:"callsPlaced"`
	BlockedUntil    int64          `dynamodbav:"blockedUntil"`
	DeniedVersion   int            `dynamodbav:"deniedVersion"`
	LockedAt        int64          `dynamodbav:"lockedAt"`
}

// A Challenge is that of one login session.
type Challenge struct {
	Key
	Generation     uint32         `dynamodbav:"generation"`
	Phone          string         `dynamodbav:"phone"`
	Country        string         `dynamodbav:"country"`
	Line           string         `dynamodbav:"line"`
	NumberSource   string         `dynamodbav:"numberSource"`
	Binding        int            `dynamodbav:"binding"`
	Purpose        string         `dynamodbav:"purpose"`
	ClaimMismatch  bool           `dynamodbav:"claimMismatch,omitempty"`
	Charged        map[string]int `dynamodbav:"charged"`
	Locale         string         `dynamodbav:"locale"`
	SubjectVersion int            `dynamodbav:"subjectVersion"`
	CreatedAt      int64          `dynamodbav:"createdAt"`
	ExpiresAt      int64          `dynamodbav:"expiresAt"`
	Attempts       int            `dynamodbav:"attempts"`
	Carried        int            `dynamodbav:"carried"`
	MaxAttempts    int            `dynamodbav:"maxAttempts"`
	LastGuessAt    int64          `dynamodbav:"lastGuessAt,omitempty"`
	Outcome        string         `dynamodbav:"outcome"`
	ApprovedAt     int64          `dynamodbav:"approvedAt,omitempty"`
	ApprovedBy     string         `dynamodbav:"approvedBy,omitempty"`
	Settled        bool           `dynamodbav:"settled,omitempty"`
	Codes          MACs           `dynamodbav:"codes"`
	SMSUsed        int            `dynamodbav:"smsUsed"`
	SMSAt          int64          `dynamodbav:"smsAt,omitempty"`
	SMSDelivery    string         `dynamodbav:"smsDelivery,omitempty"`
	CallsUsed      int            `dynamodbav:"callsUsed"`
	CallsAt        int64          `dynamodbav:"callsAt,omitempty"`
	CallsDelivery  string         `dynamodbav:"callsDelivery,omitempty"`
	CallToken      []byte         `dynamodbav:"callToken,omitempty"`
	CallState      string         `dynamodbav:"callState,omitempty"`
	Contested      bool           `dynamodbav:"contested,omitempty"`
	KeepUntil      int64          `dynamodbav:"keepUntil"`
	TTL            int64          `dynamodbav:"ttl"`
}

// MACs are stored as a list: by itself, a slice of slices of bytes would be a set.
type MACs [][]byte

// MarshalDynamoDBAttributeValue writes them so.
func (macs MACs) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	list := &types.AttributeValueMemberL{}
	for _, mac := range macs {
		list.Value = append(list.Value, &types.AttributeValueMemberB{Value: mac})
	}
	return list, nil
}

// IsOpen tells whether it may still be approved.
func (challenge *Challenge) IsOpen(now int64) bool {
	return challenge.Outcome == "pending" && challenge.Attempts < challenge.MaxAttempts && challenge.ExpiresAt > now
}

// IsOver tells whether it is closed by any machine's clock, so that its guesses are final.
func (challenge *Challenge) IsOver(now int64) bool { return !challenge.IsOpen(now - Skew) }

// Session is the digest of its login session, as keys have it.
func (challenge *Challenge) Session() string { return strings.TrimPrefix(challenge.SK, "challenge#") }

// Reservation names the guesses that its subject has set aside for it.
func (challenge *Challenge) Reservation() string {
	return fmt.Sprintf("%s#%d", challenge.Session(), challenge.Generation)
}

// SubjectKey is where a subject's own item is.
func SubjectKey(subject []byte) Key { return Key{"subject#" + Base64URL(subject), "subject"} }

// ChallengeKey is where a login session's challenge is.
func ChallengeKey(subject, session []byte) Key {
	return Key{"subject#" + Base64URL(subject), "challenge#" + Base64URL(session)}
}

// Stored is all that is kept of a subject; Own is the challenge of the login that asks.
type Stored struct {
	Subject    *Subject
	Challenges []*Challenge
	Own        *Challenge
}

// Values are what an expression's placeholders stand for.
type Values map[string]any

// Item writes values as DynamoDB takes them.
func Item(value any) map[string]types.AttributeValue {
	item, err := attributevalue.MarshalMap(value)
	if err != nil {
		panic(err) // it is made of texts, numbers and bytes only
	}
	return item
}

var table = aws.String(os.Getenv("TABLE_NAME"))

// Update is a conditional update as a part of a transaction.
func Update(key Key, expression, condition string, values Values, names map[string]string) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName:                           table,
		Key:                                 Item(key),
		UpdateExpression:                    &expression,
		ConditionExpression:                 &condition,
		ExpressionAttributeNames:            names,
		ExpressionAttributeValues:           Item(values),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

// Put is a conditional put as a part of a transaction.
func Put(item any, condition string, values Values) types.TransactWriteItem {
	put := &types.Put{TableName: table, Item: Item(item), ConditionExpression: &condition}
	if values != nil {
		put.ExpressionAttributeValues = Item(values)
	}
	return types.TransactWriteItem{Put: put}
}

// A Store is the table.
type Store struct{ client *dynamodb.Client }

// NewStore opens it.
func NewStore(cfg aws.Config) Store { return Store{dynamodb.NewFromConfig(cfg)} }

// Load reads all that is kept of the subject who asks.
func (store Store) Load(ctx context.Context, factor *FirstFactor) (*Stored, error) {
	pages := dynamodb.NewQueryPaginator(store.client, &dynamodb.QueryInput{
		TableName:                 table,
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk"),
		ExpressionAttributeValues: Item(Values{":pk": SubjectKey(factor.Subject).PK}),
	})
	stored := &Stored{Subject: &Subject{}}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			if err := stored.add(item); err != nil {
				return nil, err
			}
		}
	}
	own := ChallengeKey(factor.Subject, factor.Session)
	for _, challenge := range stored.Challenges {
		// What the subject's denial covers is denied, though its own item does not say so.
		if challenge.SubjectVersion <= stored.Subject.DeniedVersion && !challenge.Settled {
			challenge.Outcome = "denied"
		}
		if challenge.Key == own {
			stored.Own = challenge
		}
	}
	return stored, nil
}

func (stored *Stored) add(item map[string]types.AttributeValue) error {
	var key Key
	if err := attributevalue.UnmarshalMap(item, &key); err != nil {
		return err
	}
	if key.SK == "subject" {
		return attributevalue.UnmarshalMap(item, stored.Subject)
	}
	if !strings.HasPrefix(key.SK, "challenge#") {
		return nil
	}
	challenge, err := challengeOf(item)
	stored.Challenges = append(stored.Challenges, challenge)
	return err
}

func challengeOf(item map[string]types.AttributeValue) (*Challenge, error) {
	challenge := &Challenge{}
	return challenge, attributevalue.UnmarshalMap(item, challenge)
}

// UpdateChallenge updates, and answers the challenge as it then stands, if there is one, and whether the condition
// held.
func (store Store) UpdateChallenge(
	ctx context.Context, key Key, expression, condition string, values Values,
) (*Challenge, bool, error) {
	updated, err := store.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                           table,
		Key:                                 Item(key),
		UpdateExpression:                    &expression,
		ConditionExpression:                 &condition,
		ExpressionAttributeValues:           Item(values),
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var refused *types.ConditionalCheckFailedException
	switch {
	case err == nil:
		challenge, err := challengeOf(updated.Attributes)
		return challenge, true, err
	case errors.As(err, &refused) && refused.Item != nil:
		challenge, err := challengeOf(refused.Item)
		return challenge, false, err
	case errors.As(err, &refused):
		return nil, false, nil
	default:
		return nil, false, err
	}
}

// InTheWay tells by their positions which writes stood in a transaction's way, and whether another transaction did.
type InTheWay struct {
	Refused  []int
	Conflict bool
}

// Done tells whether nothing did.
func (inTheWay InTheWay) Done() bool { return !inTheWay.Conflict && len(inTheWay.Refused) == 0 }

// Transact writes all or nothing.
func (store Store) Transact(ctx context.Context, writes ...types.TransactWriteItem) (InTheWay, error) {
	_, err := store.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	var inTheWay InTheWay
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return inTheWay, err
	}
	for position, reason := range cancelled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "ConditionalCheckFailed":
			inTheWay.Refused = append(inTheWay.Refused, position)
		case "TransactionConflict":
			inTheWay.Conflict = true
		}
	}
	if inTheWay.Done() {
		return inTheWay, err
	}
	return inTheWay, nil
}

const (
	settleSubject = "SET failures = :zero, lastSuccessAt = :now, version = version + :one " +
		"REMOVE lockedAt, guessesReserved.#reservation"
	boundAlike = "(attribute_not_exists(blockedUntil) OR blockedUntil <= :now) AND " +
		"(attribute_not_exists(deniedVersion) OR deniedVersion < :began) AND phone = :phone AND binding = :binding"
	approveByCode = "SET outcome = :approved, approvedAt = :at, approvedBy = :method, settled = :true, #ttl = keepUntil"
	openForCode   = "generation = :generation AND outcome = :pending AND expiresAt > :now AND charged = :charged"
)

// Settle approves by a right code and settles with the subject, in one transaction: whether both agreed.
func (store Store) Settle(ctx context.Context, factor *FirstFactor, challenge *Challenge, now int64) (bool, error) {
	ofChallenge := Update(challenge.Key, approveByCode, openForCode, Values{
		":generation": challenge.Generation,
		":pending":    "pending",
		":now":        now,
		":approved":   "approved",
		":at":         now,
		":method":     "sms-code",
		":true":       true,
		":charged":    challenge.Charged,
	}, map[string]string{"#ttl": "ttl"})
	ofSubject := Update(SubjectKey(factor.Subject), settleSubject, boundAlike, Values{
		":zero":    0,
		":one":     1,
		":now":     now,
		":began":   challenge.SubjectVersion,
		":phone":   challenge.Phone,
		":binding": challenge.Binding,
	}, map[string]string{"#reservation": challenge.Reservation()})
	inTheWay, err := store.Transact(ctx, ofChallenge, ofSubject)
	if inTheWay.Conflict {
		inTheWay, err = store.Transact(ctx, ofChallenge, ofSubject)
	}
	return err == nil && inTheWay.Done(), err
}
