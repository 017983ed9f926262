package resolvers

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"purser/graph/model"
	"purser/internal/auth"
	"purser/internal/campaign"
	"purser/internal/domain"
	"purser/internal/loader"
	"purser/internal/wallet"
	"purser/ledger"
)

// response is what the fields of one response share.
type response struct {
	stats loader.Stats
	// proofs counts the inclusion proofs asked for, which are bounded.
	proofs atomic.Int64

	mu   sync.Mutex
	seen books
}

// note remembers that the response shows a book at seq, or later.
func (s *response) note(book ledger.BookID, seq int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen.raise(book, seq)
}

// token is the consistency token of what was noted so far, "" for nothing.
func (s *response) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.token()
}

// scope is what the fields below one root field share. Each root field has its
// own loaders: two of them read at different moments, and a mutation changes what
// the one before it showed.
type scope struct {
	response *response
	caller   domain.Caller
	loaders  *loader.Loaders
	wallets  once[*wallet.Page]
	ads      once[*campaign.Page]
	// written are the campaigns that a mutation of several has changed.
	written []campaign.Ref
}

// once is the one page of a kind of a root field, which the first of the fields
// that show it under several aliases reads.
type once[Page any] struct {
	first sync.Once
	page  Page
	err   error
}

func (o *once[Page]) read(page func() (Page, error)) (Page, error) {
	o.first.Do(func() { o.page, o.err = page() })
	return o.page, o.err
}

type (
	responseKey struct{}
	scopeKey    struct{}
)

// scopeOf returns the scope of the field being resolved. It panics where the
// extension is not installed, which every test of a field would show.
func scopeOf(ctx context.Context) *scope { return ctx.Value(scopeKey{}).(*scope) }

// extension keeps the state of responses. It is one extension, since its hooks
// need one another.
type extension struct{ *Resolver }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.ResponseInterceptor
	graphql.RootFieldInterceptor
} = extension{}

// Extension returns what the handler must install for the schema to be answered:
// loaders for each root field, consistency tokens in and out, and the check of
// the schema at start.
func (r *Resolver) Extension() graphql.HandlerExtension { return extension{r} }

// ExtensionName implements graphql.HandlerExtension.
func (extension) ExtensionName() string { return "Purser" }

// Validate implements graphql.HandlerExtension.
func (extension) Validate(schema graphql.ExecutableSchema) error { return CheckSchema(schema.Schema()) }

// MutateOperationContext implements graphql.OperationContextMutator: a request
// with a bad consistency token is not run at all.
func (e extension) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if err := e.checkToken(ctx, op.Extensions); err != nil {
		return &gqlerror.Error{Err: err, Message: err.Error()}
	}
	return nil
}

func (e extension) checkToken(ctx context.Context, extensions map[string]any) error {
	wanted, err := tokenOf(extensions)
	if err != nil {
		return err
	}
	// A caller who may read nothing is answered without asking the database.
	if _, known := auth.FromContext(ctx); !known || len(wanted) == 0 {
		return nil
	}
	heads, err := e.reader.Heads(ctx)
	if err != nil {
		return err
	}
	for book, seq := range wanted {
		if seq > heads[book] {
			return &fieldError{
				code: model.ErrorCodeConsistencyAhead, argument: tokenExtension,
				message: "the consistency token is ahead of the ledger: drop it and read again",
			}
		}
	}
	return nil
}

// InterceptResponse implements graphql.ResponseInterceptor: it collects which
// state of the books was shown and says so, together with what the request had
// seen before, so that the last token a client got is always the one to send.
func (e extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		return next(ctx)
	}
	shared := &response{seen: books{}}
	if before, err := tokenOf(graphql.GetOperationContext(ctx).Extensions); err == nil {
		for book, seq := range before {
			shared.note(book, seq)
		}
	}
	answer := next(context.WithValue(ctx, responseKey{}, shared))
	e.loaderBatches(shared.stats.Batches())
	token := shared.token()
	if answer == nil || answer.Data == nil || token == "" {
		return answer
	}
	if answer.Extensions == nil {
		answer.Extensions = map[string]any{}
	}
	answer.Extensions[tokenExtension] = token
	return answer
}

// InterceptRootField implements graphql.RootFieldInterceptor.
func (e extension) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	p, _ := auth.FromContext(ctx)
	caller := readerOf(p)
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		caller = writerOf(p, p.Has(auth.RoleService) && isForServices(graphql.GetRootFieldContext(ctx).Field.Definition))
	}
	shared, _ := ctx.Value(responseKey{}).(*response)
	s := &scope{response: shared, caller: caller, loaders: loader.New(e.reader, caller, &shared.stats)}
	return next(context.WithValue(ctx, scopeKey{}, s))
}

// isForServices reports whether a field's @auth names the role SERVICE.
func isForServices(field *ast.FieldDefinition) bool {
	if field == nil {
		return false
	}
	return slices.Contains(authRoles(field), string(model.RoleService))
}

func authRoles(field *ast.FieldDefinition) []string {
	auth := field.Directives.ForName("auth")
	if auth == nil || auth.Arguments.ForName("roles") == nil {
		return nil
	}
	var roles []string
	for _, role := range auth.Arguments.ForName("roles").Value.Children {
		roles = append(roles, role.Value.Raw)
	}
	return roles
}
