package resolvers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"purser/graph/model"
	"purser/internal/auth"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/ledger"
)

// fieldError is an error made for the caller: all of it is shown.
type fieldError struct {
	code     model.ErrorCode
	argument string // the argument at fault, with dots into an input; "" for none
	message  string
	// limit names the limit that was exceeded, and limitMax says what it is; "" for
	// none.
	limit    string
	limitMax int64
}

// Error returns the message.
func (e *fieldError) Error() string { return e.message }

func invalidArgument(argument, format string, args ...any) error {
	return &fieldError{code: model.ErrorCodeValidationFailed, argument: argument, message: fmt.Sprintf(format, args...)}
}

// errPanicked stands for a panic that the edge has logged with its stack.
var errPanicked = errors.New("a resolver panicked")

// Recover turns a panic into an error for PresentError. Whoever calls it has
// logged the panic.
func (r *Resolver) Recover(context.Context, any) error { return errPanicked }

// PresentError says what the caller is told of an error. What is not on its list
// becomes INTERNAL with the request's id, and the detail goes to the log.
func (r *Resolver) PresentError(ctx context.Context, err error) *gqlerror.Error {
	shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
	var located *gqlerror.Error
	if errors.As(err, &located) {
		shown.Path, shown.Locations = located.Path, located.Locations
	}
	told, known := refusal(ctx, err, located)
	if !known {
		told = r.fault(ctx, err)
	}
	shown.Message, shown.Extensions = told.message, map[string]any{"code": string(told.code)}
	if told.argument != "" {
		shown.Extensions["argument"] = told.argument
	}
	if told.limit != "" {
		shown.Extensions["limit"], shown.Extensions["max"] = told.limit, told.limitMax
	}
	if isFault(told.code) {
		shown.Extensions["requestId"] = r.requestID(ctx)
	}
	return shown
}

func isFault(code model.ErrorCode) bool {
	switch code {
	case model.ErrorCodeInternal, model.ErrorCodeUnavailable, model.ErrorCodeTimeout, model.ErrorCodeOverloaded:
		return true
	default:
		return false
	}
}

// refusal recognises errors that are the caller's to mend.
func refusal(ctx context.Context, err error, located *gqlerror.Error) (told fieldError, known bool) {
	var ours *fieldError
	var input *scalar.Error
	var integer *graphql.IntegerError
	var number *strconv.NumError
	switch {
	case errors.As(err, &ours):
		return *ours, true
	case errors.As(err, &input):
		return fieldError{code: model.ErrorCodeValidationFailed, argument: argumentOf(ctx, located), message: input.Error()}, true
	case errors.As(err, &integer), errors.As(err, &number) && argumentOf(ctx, located) != "":
		return fieldError{
			code: model.ErrorCodeValidationFailed, argument: argumentOf(ctx, located), message: "Int: expected a whole number of 32 bits",
		}, true
	case argumentOf(ctx, located) != "":
		// The executor takes a value of an enum in the wrong case for one of its values,
		// and the enum then refuses it with an error that has no type.
		return fieldError{
			code: model.ErrorCodeValidationFailed, argument: argumentOf(ctx, located), message: "expected a value of the argument's type, spelled as in the schema",
		}, true
	case isIntrospection(ctx):
		if _, known := auth.FromContext(ctx); !known {
			return fieldError{code: model.ErrorCodeUnauthenticated, message: "introspection needs a bearer token"}, true
		}
		return fieldError{code: model.ErrorCodeForbidden, message: "introspection is for the role PRODUCT_MANAGER"}, true
	case located != nil && located.Err == nil:
		// The executor's own words about the document or its variables.
		return fieldError{code: model.ErrorCodeBadRequest, message: located.Message}, true
	default:
		return fieldError{}, false
	}
}

// isIntrospection reports whether the error is of a field about the schema. The
// executor refuses those with an error that has no type.
func isIntrospection(ctx context.Context) bool {
	field := graphql.GetFieldContext(ctx)
	return field != nil && field.Field.Field != nil && (field.Field.Name == "__schema" || field.Field.Name == "__type")
}

// argumentOf names the argument that a scalar refused: what the error's path has
// beyond the field's.
func argumentOf(ctx context.Context, located *gqlerror.Error) string {
	field := graphql.GetFieldContext(ctx)
	if located == nil || field == nil {
		return ""
	}
	var names []string
	for _, step := range located.Path[min(len(field.Path()), len(located.Path)):] {
		if name, ok := step.(ast.PathName); ok {
			names = append(names, string(name))
		}
	}
	return strings.Join(names, ".")
}

// fault classifies errors that are not the caller's, and logs them.
func (r *Resolver) fault(ctx context.Context, err error) fieldError {
	told := faultOf(ctx, err)
	if told.code == model.ErrorCodeInternal {
		told.message = "internal error; quote request id " + r.requestID(ctx)
		if !errors.Is(err, errPanicked) {
			r.log.LogAttrs(ctx, slog.LevelError, "field failed", slog.Any("error", err))
		}
		return told
	}
	r.log.LogAttrs(ctx, slog.LevelWarn, "field failed", slog.String("code", string(told.code)), slog.Any("error", err))
	return told
}

func faultOf(ctx context.Context, err error) fieldError {
	unavailable := errors.Is(err, domain.ErrUnavailable) || errors.Is(err, ledger.ErrRetry) ||
		errors.Is(err, ledger.ErrClosed) || errors.Is(err, ledger.ErrClockSkew)
	switch {
	case errors.Is(err, errPanicked):
		return fieldError{code: model.ErrorCodeInternal}
	case errors.Is(err, ledger.ErrOverloaded):
		return fieldError{code: model.ErrorCodeOverloaded, message: "too much work is queued; send the same request again, with the same key"}
	case ctx.Err() != nil, !unavailable && errors.Is(err, context.DeadlineExceeded):
		return fieldError{code: model.ErrorCodeTimeout, message: "the answer took too long; send the same request again, with the same key"}
	case unavailable:
		return fieldError{code: model.ErrorCodeUnavailable, message: "the database did not answer; send the same request again, with the same key"}
	default:
		return fieldError{code: model.ErrorCodeInternal}
	}
}
