package graph_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/google/go-cmp/cmp"

	"purser/graph"
	"purser/graph/model"
	"purser/internal/scalar"
)

// fake answers the few fields that these tests select, and records what reached it.
// The nil interfaces make any other field panic.
type fake struct {
	graph.ResolverRoot
	total      int64
	roles      []model.Role
	purchase   *model.PurchaseConnectsInput
	opened     *model.OpenWalletInput
	withinDays int32
}

type (
	fakeMutation struct {
		graph.MutationResolver
		seen *fake
	}
	fakeQuery struct {
		graph.QueryResolver
		seen *fake
	}
	fakeWallet struct {
		graph.WalletResolver
		seen *fake
	}
)

func (f *fake) Mutation() graph.MutationResolver { return fakeMutation{seen: f} }
func (f *fake) Query() graph.QueryResolver       { return fakeQuery{seen: f} }
func (f *fake) Wallet() graph.WalletResolver     { return fakeWallet{seen: f} }

func (f fakeMutation) PurchaseConnects(_ context.Context, input model.PurchaseConnectsInput) (model.PurchaseConnectsPayload, error) {
	f.seen.purchase = &input
	return model.IdempotencyConflict{Code: model.ErrorCodeIdempotencyConflict, Message: "m", Retry: model.RetryNewKey}, nil
}

func (f fakeMutation) OpenWallet(_ context.Context, input model.OpenWalletInput) (model.OpenWalletPayload, error) {
	f.seen.opened = &input
	return model.WalletExists{Code: model.ErrorCodeWalletExists, Message: "m", Retry: model.RetryNever, WalletID: "w"}, nil
}

func (f fakeQuery) Node(_ context.Context, id string) (model.Node, error) {
	return &model.Wallet{ID: id}, nil
}

func (f fakeWallet) Expiring(_ context.Context, _ *model.Wallet, withinDays int32) (*model.ExpiryForecast, error) {
	f.seen.withinDays = withinDays
	return &model.ExpiryForecast{Total: f.seen.total, WithinDays: withinDays}, nil
}

// execute posts a request to the generated schema and returns the response's body.
func execute(t *testing.T, f *fake, body string) string {
	t.Helper()
	config := graph.Config{Resolvers: f}
	config.Directives.Auth = func(ctx context.Context, _ any, next graphql.Resolver, roles []model.Role) (any, error) {
		f.roles = roles
		return next(ctx)
	}
	server := handler.New(graph.NewExecutableSchema(config))
	server.AddTransport(transport.POST{})
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	response := httptest.NewRecorder()
	server.ServeHTTP(response, request)
	return response.Body.String()
}

func TestVariablesReachTheResolverExactly(t *testing.T) {
	t.Parallel()
	f := &fake{}
	got := execute(t, f, `{
		"query": "mutation($in: PurchaseConnectsInput!) { purchaseConnects(input: $in) { __typename ... on UserError { code retry } } }",
		"variables": {"in": {"idempotencyKey": "k", "walletId": "w", "quantity": 9007199254740991,
			"price": {"amountMinor": "9223372036854775807", "currency": "USD"}, "paymentReference": "p"}}}`)
	want := `{"data":{"purchaseConnects":{"__typename":"IdempotencyConflict","code":"IDEMPOTENCY_CONFLICT","retry":"NEW_KEY"}}}`
	if got != want {
		t.Errorf("response = %s, want %s", got, want)
	}
	input := &model.PurchaseConnectsInput{
		IdempotencyKey: "k", WalletID: "w", Quantity: scalar.SafeMax, PaymentReference: "p", FeeMinor: 0,
		Price: &model.MoneyInput{AmountMinor: 1<<63 - 1, Currency: "USD"},
	}
	if diff := cmp.Diff(input, f.purchase); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]model.Role{model.RoleService}, f.roles); diff != "" {
		t.Errorf("roles of @auth (-want +got):\n%s", diff)
	}
}

func TestScalarErrorsNameTheVariable(t *testing.T) {
	t.Parallel()
	for name, quantity := range map[string]string{
		"a_string": `"12"`, "a_fraction": "1.5", "beyond_2_53": "9007199254740992", "beyond_64_bits": "99999999999999999999",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			got := execute(t, f, `{
				"query": "mutation($in: PurchaseConnectsInput!) { purchaseConnects(input: $in) { __typename } }",
				"variables": {"in": {"idempotencyKey": "k", "walletId": "w", "quantity": `+quantity+`,
					"price": {"amountMinor": 1, "currency": "USD"}, "paymentReference": "p"}}}`)
			if !strings.Contains(got, "Connects: expected a whole number") || !strings.Contains(got, `"quantity"`) {
				t.Errorf("response = %s, want what Connects expects, with the path to quantity", got)
			}
			if f.purchase != nil {
				t.Error("the resolver was called")
			}
		})
	}
}

// The generated code does not check @oneOf on variables, so the resolver must: this
// test says so, and fails when that changes.
func TestOneOf(t *testing.T) {
	t.Parallel()
	const a, b = `"0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6e"`, `"0190b6a4-7f3e-7cc1-9d52-3f1a2b4c5d6f"`
	both := `{"partyId":` + a + `,"organisationId":` + b + `}`
	f := &fake{}
	execute(t, f, `{
		"query": "mutation($in: OpenWalletInput!) { openWallet(input: $in) { __typename } }",
		"variables": {"in": {"idempotencyKey": "k", "kind": "AGENCY", "jurisdiction": "IN", "timeZone": "Asia/Kolkata", "owner": `+both+`}}}`)
	if f.opened == nil || f.opened.Owner.PartyID == nil || f.opened.Owner.OrganisationID == nil {
		t.Errorf("input = %+v, want both owners handed to the resolver", f.opened)
	}

	literal := strings.NewReplacer(`"`, `\"`).Replace(`{partyId:` + a + `,organisationId:` + b + `}`)
	f = &fake{}
	got := execute(t, f, `{"query": "mutation { openWallet(input: {idempotencyKey: \"k\", kind: AGENCY, jurisdiction: \"IN\", timeZone: \"UTC\", owner: `+literal+`}) { __typename } }"}`)
	if f.opened != nil || !strings.Contains(got, "OneOf") {
		t.Errorf("response to two owners in a literal = %s, want a refusal before the resolver", got)
	}
}

func TestArgumentsReachFieldResolvers(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int32{"expiring": 30, "expiring(withinDays: 7)": 7} {
		f := &fake{total: scalar.SafeMax}
		got := execute(t, f, `{"query": "{ node(id: \"w\") { id ... on Wallet { `+query+` { total } } } }"}`)
		if want := `{"data":{"node":{"id":"w","expiring":{"total":9007199254740991}}}}`; got != want {
			t.Errorf("response = %s, want %s", got, want)
		}
		if f.withinDays != want {
			t.Errorf("%s reached the resolver with %d days, want %d", query, f.withinDays, want)
		}
	}
}

// A value that a client could not read exactly becomes an error, never another number.
func TestUnsafeNumberIsAnError(t *testing.T) {
	t.Parallel()
	got := execute(t, &fake{total: scalar.SafeMax + 1}, `{"query": "{ node(id: \"w\") { id ... on Wallet { expiring { total } } } }"}`)
	if !strings.Contains(got, `"data":{"node":{"id":"w","expiring":null}}`) || !strings.Contains(got, `"path":["node","expiring","total"]`) {
		t.Errorf("response = %s, want expiring null and an error at total", got)
	}
}
