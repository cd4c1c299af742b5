package mfa

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/smithy-go"
)

const maxBody = 4096

type (
	// Request is an event of API Gateway's.
	Request = events.APIGatewayV2HTTPRequest
	// Response answers it.
	Response = events.APIGatewayV2HTTPResponse
	// More is what a problem's document tells beside the usual.
	More map[string]any
)

// A Problem is what a caller may see of a request that was not done (RFC 9457).
type Problem struct {
	Status       int
	Name, Detail string
	More         More
}

func (problem *Problem) Error() string { return problem.Name }

// Invalid is a field with a fault.
func Invalid(field, fault string) error {
	return &Problem{400, "invalid-field", field + " " + fault + ".", More{"field": field}}
}

// Until is a problem that passes by itself.
func Until(status int, name, detail string, retryAt int64) error {
	return &Problem{status, name, detail, More{"retryAt": retryAt}}
}

func (problem *Problem) response(now int64) *Response {
	document := map[string]any{
		"type":   "urn:alliance-mfa:problem:" + problem.Name,
		"title":  strings.ReplaceAll(problem.Name, "-", " "),
		"status": problem.Status,
		"detail": problem.Detail,
	}
	response := Reply(problem.Status, "application/problem+json", "")
	for name, value := range problem.More {
		switch name {
		case "retryAt":
			at := value.(int64)
			document[name] = rfc3339(at)
			response.Headers["retry-after"] = strconv.FormatInt(max(1, at-now), 10)
		case "retryAfter":
			response.Headers["retry-after"] = strconv.Itoa(value.(int))
		default:
			document[name] = value
		}
	}
	response.Body = toJSON(document)
	return response
}

// problemOf takes the SDK's errors for something that passes, and anything else for a fault of ours.
func problemOf(err error) *Problem {
	var problem *Problem
	var sdk *smithy.OperationError
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &sdk):
		detail := "Please try again in a moment. Nothing is lost."
		return &Problem{503, "temporarily-unavailable", detail, More{"retryAfter": 1}}
	default:
		return &Problem{500, "internal", "Something went wrong on our side.", nil}
	}
}

// Reply is a response that nobody may keep.
func Reply(status int, mediaType, body string) *Response {
	headers := map[string]string{"content-type": mediaType, "cache-control": "no-store"}
	return &Response{StatusCode: status, Headers: headers, Body: body}
}

func rfc3339(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is made of texts and numbers only
	}
	return string(text)
}

// A Handler answers one request, made at the time now.
type Handler func(ctx context.Context, event *Request, now int64, log *slog.Logger) (*Response, error)

// Serve answers requests until the environment ends, with one line in the log for each.
func Serve(name string, handle Handler) {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", name)
	lambda.Start(func(ctx context.Context, event *Request) (*Response, error) {
		began := time.Now()
		log := logger
		if invocation, ok := lambdacontext.FromContext(ctx); ok {
			log = logger.With("requestId", invocation.AwsRequestID)
		}
		response, err := handle(ctx, event, began.Unix(), log)
		level, end := slog.LevelInfo, []any{}
		if err != nil {
			problem := problemOf(err)
			response = problem.response(began.Unix())
			end = append(end, "problem", problem.Name)
			if problem.Status >= 500 {
				level = slog.LevelError
				end = append(end, "cause", err.Error())
			}
		}
		end = append(end, "status", response.StatusCode, "elapsedMs", time.Since(began).Milliseconds())
		log.Log(ctx, level, "answered", end...)
		return response, nil
	})
}

// Body is the request's body, if it is not too large.
func Body(event *Request) (string, error) {
	body := event.Body
	if event.IsBase64Encoded {
		bytes, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return "", err
		}
		body = string(bytes)
	}
	if len(body) > maxBody {
		return "", &Problem{413, "body-too-large", "The body must not be larger than 4 KiB.", nil}
	}
	return body, nil
}

// Fields reads the body: an object of texts whose every name is known.
func Fields(event *Request, known ...string) (map[string]string, error) {
	if mediaType, _, _ := mime.ParseMediaType(event.Headers["content-type"]); mediaType != "application/json" {
		return nil, &Problem{415, "unsupported-media-type", "The body must be application/json.", nil}
	}
	body, err := Body(event)
	if err != nil {
		return nil, err
	}
	var read map[string]any
	if err := json.Unmarshal([]byte(body), &read); err != nil || read == nil {
		return nil, &Problem{400, "malformed-json", "The body must be one JSON object.", nil}
	}
	fields := map[string]string{}
	for name, value := range read {
		text, isText := value.(string)
		switch {
		case !slices.Contains(known, name):
			return nil, Invalid(name[:min(len(name), 64)], "is not a known field")
		case isText:
			fields[name] = text
		case value != nil:
			return nil, Invalid(name, "must be a string")
		}
	}
	return fields, OnlyLogin(fields["purpose"])
}

// OnlyLogin refuses every other purpose: to change the number is not compared.
func OnlyLogin(purpose string) error {
	if purpose != "" && purpose != "login" {
		return Invalid("purpose", "must be login")
	}
	return nil
}
