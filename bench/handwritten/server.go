package handwritten

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"purser/internal/auth"
	"purser/ledger"
)

const (
	// requestTimeout is as long as the product gives a request.
	requestTimeout = 5 * time.Second
	// rangeDaysMax bounds a range of dates as the product's schema does.
	rangeDaysMax = 400
	// answerBytes is what a buffer begins with: more than a page of 20 transactions. A buffer that grew is kept.
	answerBytes = 16 << 10
)

// Config is what the handler needs. Every field is required.
type Config struct {
	// Pool is what OpenPool returned.
	Pool *pgxpool.Pool
	// Verifier judges tokens: the product's own, with whatever it caches.
	Verifier auth.Verifier
	// Clock is the process clock.
	Clock func() time.Time
	// Sent is told how many SQL statements were sent.
	Sent func(statements int)
}

type server struct {
	Config
	buffers sync.Pool // of *[]byte
	zones   sync.Map  // of *time.Location by name: a few hundred, and loading one reads a file
}

// New returns a handler that answers every page at its name: GET /wallet?id=…&from=2026-03-01&to=2026-03-31,
// with a bearer token. An object that the caller may not see is null, like one that does not exist.
func New(c Config) (http.Handler, error) {
	if c.Pool == nil || c.Verifier == nil || c.Clock == nil || c.Sent == nil {
		return nil, errors.New("the peer needs a pool, a token verifier, a clock and a counter of statements")
	}
	s := &server{Config: c}
	s.buffers.New = func() any {
		b := make([]byte, 0, answerBytes)
		return &b
	}
	mux := http.NewServeMux()
	for _, page := range Pages() {
		mux.HandleFunc("GET /"+page.Name, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, page) })
	}
	return mux, nil
}

// ask is one request: who asks, for what, and when.
type ask struct {
	all        bool
	owner      pgtype.UUID // the party whose own wallets count; null for none
	advertiser pgtype.UUID // the party whose own ad accounts count; null for none
	member     pgtype.UUID // the party whose memberships count
	roles      []string    // of memberships that the token claims
	principal  string
	// id is as it was sent; book and object are what it names.
	id       string
	book     ledger.BookID
	object   ledger.ID
	from, to time.Time // UTC midnights
	now      time.Time
}

func (s *server) serve(w http.ResponseWriter, r *http.Request, page Page) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	caller, status := s.authenticate(ctx, r, page)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	a := askOf(caller)
	a.now = s.Clock()
	if !a.read(r, page) {
		http.Error(w, "id and, where the page shows one, a range of dates are needed", http.StatusBadRequest)
		return
	}
	buffer, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buffer)
	out, err := page.answer(ctx, s, a, (*buffer)[:0])
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	*buffer = out
	h := w.Header()
	h["Content-Type"] = contentType
	h["Content-Length"] = []string{strconv.Itoa(len(out))}
	_, _ = w.Write(out) // a client that went away cannot be told
}

var contentType = []string{"application/json; charset=utf-8"}

// authenticate returns the caller of a request, or the status that refuses it.
func (s *server) authenticate(ctx context.Context, r *http.Request, page Page) (*auth.Principal, int) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, http.StatusUnauthorized
	}
	caller, err := s.Verifier.Verify(ctx, token)
	var refused *auth.TokenError
	switch {
	case errors.As(err, &refused):
		return nil, http.StatusUnauthorized
	case err != nil:
		return nil, http.StatusServiceUnavailable
	case !slices.ContainsFunc(caller.Roles, page.mayAsk):
		return nil, http.StatusForbidden
	}
	return caller, http.StatusOK
}

// memberRoles count only with a membership on record.
var memberRoles = []auth.Role{auth.RoleAgencyMember, auth.RoleAgencyAdmin, auth.RoleAdvertiserAnalyst, auth.RoleAdvertiserAdmin}

// askOf says whose wallets and ad accounts a caller reaches: with FINANCE and AUDITOR all, a party their own and those of
// their organisations.
func askOf(p *auth.Principal) *ask {
	a := &ask{all: p.Has(auth.RoleFinance) || p.Has(auth.RoleAuditor), roles: []string{}, principal: "staff:" + p.Subject}
	if !p.HasParty {
		return a
	}
	party := pgtype.UUID{Bytes: p.PartyID, Valid: true}
	a.principal, a.member = "party:"+p.Subject, party
	if p.Has(auth.RoleFreelancer) {
		a.owner, a.advertiser = party, party
	}
	if p.Has(auth.RoleAdvertiserAnalyst) || p.Has(auth.RoleAdvertiserAdmin) {
		a.advertiser = party
	}
	for _, role := range memberRoles {
		if p.Has(role) {
			a.roles = append(a.roles, string(role))
		}
	}
	return a
}

// read takes the request's parameters. An id that names nothing is no mistake: the page is null.
func (a *ask) read(r *http.Request, page Page) bool {
	query := r.URL.Query()
	a.id = query.Get("id")
	if page.Ranged {
		var errFrom, errTo error
		a.from, errFrom = time.Parse(time.DateOnly, query.Get("from"))
		a.to, errTo = time.Parse(time.DateOnly, query.Get("to"))
		if days := a.days(); errFrom != nil || errTo != nil || days < 1 || days > rangeDaysMax {
			return false
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(a.id)
	if err == nil && len(raw) == objectIDBytes && raw[0] == idVersion && raw[1] == page.kind {
		a.book, a.object = ledger.BookID(binary.BigEndian.Uint32(raw[2:])), ledger.ID(raw[6:])
	}
	return a.id != ""
}

func (a *ask) days() int { return int(a.to.Sub(a.from) / (24 * time.Hour)) }

// zone returns a time zone by name. The product's writers have checked the name.
func (s *server) zone(name string) (*time.Location, error) {
	if known, ok := s.zones.Load(name); ok {
		zone, _ := known.(*time.Location)
		return zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		s.zones.Store(name, zone)
	}
	return zone, err
}
