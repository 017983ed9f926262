package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// transport serves GraphQL over HTTP, POST and GET, as the public audit suite of that specification
// asks. The executor's own transports repeat the body in errors, read without a bound, write
// "data":null for requests that never ran, and accept what follows the JSON value.
type transport struct {
	*server
}

var _ graphql.Transport = (*transport)(nil)

// Supports implements graphql.Transport. It claims every request, so that the executor never
// answers one in a shape of its own.
func (t *transport) Supports(*http.Request) bool { return true }

// Do implements graphql.Transport.
func (t *transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	// Recovered here, because the executor's server would answer a panic itself.
	defer t.recoverRequest(w, r)
	h := w.Header()
	h.Add("Vary", "Accept")
	h.Set("Cache-Control", "no-store")
	media, acceptable := negotiate(r.Header)
	if !acceptable {
		t.refuse(w, r, http.StatusNotAcceptable, codeBadRequest,
			"the answer can be "+string(mediaGraphQL)+" or "+string(mediaJSON))
		return
	}
	start := graphql.Now()
	params, err := t.read(w, r)
	if err != nil {
		t.refuseBadRequest(w, r, err)
		return
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	t.execute(w, r, exec, params, media)
}

// read returns the request's parameters, or a *badRequest.
func (t *transport) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, error) {
	switch r.Method {
	case http.MethodPost:
		return readPost(w, r)
	case http.MethodGet:
		if !t.Development && r.Header.Get("Authorization") == "" {
			w.Header().Set("Allow", http.MethodPost)
			return nil, &badRequest{http.StatusMethodNotAllowed, "a GET request needs an Authorization header"}
		}
		return readGet(r)
	}
	w.Header().Set("Allow", "GET, POST")
	return nil, &badRequest{http.StatusMethodNotAllowed, "GraphQL is served over GET and POST"}
}

func (t *transport) execute(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, params *graphql.RawParams, media mediaType) {
	ctx := r.Context()
	op, errs := exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		errs = boundMessages(errs)
		t.writeResponse(w, r, media, exec.DispatchError(graphql.WithOperationContext(ctx, op), errs))
		return
	}
	noteOperation(ctx, op.Operation)
	switch {
	case op.Operation.Operation == ast.Subscription:
		t.refuse(w, r, http.StatusBadRequest, codeBadRequest, "subscriptions are not served over plain HTTP")
		return
	case r.Method == http.MethodGet && op.Operation.Operation != ast.Query:
		w.Header().Set("Allow", http.MethodPost)
		t.refuse(w, r, http.StatusMethodNotAllowed, codeBadRequest, "a mutation must be sent with POST")
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	response := responses(ctx)
	if response == nil { // the executor's way to say that ctx ended before the operation ran
		t.refuseEnded(ctx, w, r)
		return
	}
	t.writeResponse(w, r, media, response)
}

func (s *server) refuseBadRequest(w http.ResponseWriter, r *http.Request, err error) {
	bad := &badRequest{status: http.StatusBadRequest, text: "the request is malformed"}
	errors.As(err, &bad)
	if bad.status == http.StatusRequestEntityTooLarge {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	s.refuse(w, r, bad.status, codeBadRequest, bad.text)
}

func (s *server) refuseEnded(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.refuse(w, r, http.StatusGatewayTimeout, codeTimeout, "the request took too long; nothing was run")
		return
	}
	s.refuse(w, r, statusClientClosed, codeTimeout, "the client closed the request")
}

const errorMessageBytesMax = 300

// boundMessages shortens what the parser quotes from the document: a string or a name in it may be
// as long as the body.
func boundMessages(errs gqlerror.List) gqlerror.List {
	errs = errs[:min(len(errs), errorsMax)]
	for _, e := range errs {
		e.Message = shorten(e.Message, errorMessageBytesMax)
	}
	return errs
}
