// Package httpapi is the transport between net/http and the GraphQL executor: content negotiation,
// bounds on what is read, authentication, health, logs of requests, and draining at shutdown.
//
// It knows nothing of wallets. What a caller may see is decided by resolvers; this package decides
// only whether a request is well formed, who sent it, and in which shape it is answered. Every error
// it writes itself has the GraphQL shape {"errors":[{"message","extensions":{"code"}}]} and never
// repeats what the client sent.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"

	"purser/internal/auth"
	"purser/internal/obs"
)

const (
	// RequestTimeout is how long one request may take when Options does not say otherwise.
	RequestTimeout = 5 * time.Second

	// parserTokensMax refuses a document before it is validated: one validation rule is quadratic in
	// the fields of a selection, and nothing else bounds it.
	parserTokensMax = 1000
	// cachedDocumentsMax and cachedDocumentBytesMax bound the cache of parsed documents. Without the
	// second, a thousand 4 MB documents that differ in a comment would be kept.
	cachedDocumentsMax     = 500
	cachedDocumentBytesMax = 16 << 10
	// gzipBytesMin is where compressing starts to pay: smaller answers fit one packet.
	gzipBytesMin = 1400
	// corsMaxAgeS is how long a browser may remember a preflight answer.
	corsMaxAgeS = 600
)

// Options are what the edge needs from the rest of the server. The zero value of a field named
// optional is fine; NewHandler refuses any other that is missing.
type Options struct {
	// Development answers anonymous GET requests and introspection, and shows the schema to anyone.
	// False is production: GET needs an Authorization header, and introspection and the schema the
	// role PRODUCT_MANAGER.
	Development bool
	// Verifier judges bearer tokens.
	Verifier auth.Verifier
	// SDL is the text of the schema, all its files in one.
	SDL string
	// AllowedOrigins are the browser origins that may call from another site. Optional.
	AllowedOrigins []string
	// Ready reports whether requests can be served; it should return a *NotReadyError. It is given
	// one second.
	Ready func(context.Context) error
	// ErrorPresenter turns any error into what the client sees; it must hide what it does not know.
	ErrorPresenter graphql.ErrorPresenterFunc
	// Recover turns a panic in a resolver into an error for ErrorPresenter. The panic is logged with
	// its stack and counted before it is called. Optional: without it the error is "internal error".
	Recover graphql.RecoverFunc
	// AroundOperations and AroundResponses wrap each operation and each response, the first
	// outermost. Extensions are added after them. Optional.
	AroundOperations []graphql.OperationMiddleware
	AroundResponses  []graphql.ResponseMiddleware
	Extensions       []graphql.HandlerExtension
	// Rules are validation rules beside the standard ones. Optional.
	Rules []core.Rule
	// Log takes one line a request, and every panic and failure the client is not told about.
	Log *slog.Logger
	// Metrics counts requests and panics.
	Metrics *obs.HTTPMetrics
	// Now measures how long requests take.
	Now func() time.Time
	// Pages are the first page, the playground and documents. Optional: nil serves none.
	Pages *Pages
	// RequestTimeout bounds one request; 0 means RequestTimeout.
	RequestTimeout time.Duration
}

func (o *Options) check() error {
	switch {
	case o.Verifier == nil:
		return errors.New("a token verifier is missing")
	case o.SDL == "":
		return errors.New("the schema's text is missing")
	case o.Ready == nil:
		return errors.New("a readiness check is missing")
	case o.ErrorPresenter == nil:
		return errors.New("an error presenter is missing")
	case o.Log == nil || o.Metrics == nil || o.Now == nil:
		return errors.New("a logger, metrics and a clock are needed")
	}
	return nil
}

// server holds what the handlers and middleware share.
type server struct {
	Options
	graphql http.Handler
}

// NewHandler returns the public handler: /graphql, /schema.graphqls, /livez and /readyz, and with
// Options.Pages the pages. It returns an error when an option is missing, an allowed origin is
// malformed, or a page cannot be built.
func NewHandler(es graphql.ExecutableSchema, o Options) (http.Handler, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("build HTTP handler: %w", err)
	}
	if o.RequestTimeout == 0 {
		o.RequestTimeout = RequestTimeout
	}
	s := &server{Options: o}
	s.graphql = s.newExecutor(es)

	guard, err := s.browserGuard()
	if err != nil {
		return nil, fmt.Errorf("build HTTP handler: %w", err)
	}
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(gzipBytesMin))
	if err != nil {
		return nil, fmt.Errorf("build HTTP handler: %w", err)
	}
	api := func(h http.HandlerFunc) http.Handler {
		return guard(compress(s.limitTime(s.authenticate(h))))
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", api(s.graphql.ServeHTTP))
	mux.Handle("/schema.graphqls", api(s.schema))
	mux.HandleFunc("GET /livez", s.livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.Pages != nil {
		if err := s.addPages(mux); err != nil {
			return nil, fmt.Errorf("build HTTP handler: %w", err)
		}
	}
	return s.observe(mux), nil
}

func (s *server) newExecutor(es graphql.ExecutableSchema) http.Handler {
	exec := handler.New(es)
	exec.AddTransport(&transport{server: s})
	exec.SetQueryCache(documentCache{lru.New[*ast.QueryDocument](cachedDocumentsMax)})
	exec.SetParserTokenLimit(parserTokensMax)
	exec.SetDisableSuggestion(true)
	exec.SetValidationRulesFn(s.validationRules)
	exec.SetErrorPresenter(s.ErrorPresenter)
	exec.SetRecoverFunc(s.recoverResolver)
	exec.Use(introspection{development: s.Development})
	for _, m := range s.AroundOperations {
		exec.AroundOperations(m)
	}
	for _, m := range s.AroundResponses {
		exec.AroundResponses(m)
	}
	for _, e := range s.Extensions {
		exec.Use(e)
	}
	return exec
}

// browserGuard answers preflight requests for the allowed origins and refuses state-changing
// requests that a browser sends from any other site.
func (s *server) browserGuard() (func(http.Handler) http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range s.AllowedOrigins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("allow origin: %w", err)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, codeForbidden, "requests from this origin are not allowed")
	}))
	if len(s.AllowedOrigins) == 0 {
		// The library takes an empty list for "every origin".
		return protection.Handler, nil
	}
	sharing := cors.New(cors.Options{
		AllowedOrigins: s.AllowedOrigins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost},
		AllowedHeaders: []string{"Authorization", "Content-Type", headerRequestID},
		ExposedHeaders: []string{headerRequestID},
		MaxAge:         corsMaxAgeS,
	})
	return func(h http.Handler) http.Handler { return sharing.Handler(protection.Handler(h)) }, nil
}

func (s *server) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.RequestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *server) schema(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.refuse(w, r, http.StatusMethodNotAllowed, codeBadRequest, "the schema is read with GET")
		return
	}
	if caller, known := auth.FromContext(r.Context()); !s.Development && !caller.Has(auth.RoleProductManager) {
		if !known {
			w.Header().Set("WWW-Authenticate", "Bearer")
			s.refuse(w, r, http.StatusUnauthorized, codeUnauthenticated, "the schema needs a bearer token")
			return
		}
		s.refuse(w, r, http.StatusForbidden, codeForbidden, "the schema is for the role PRODUCT_MANAGER")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(s.SDL))
}
