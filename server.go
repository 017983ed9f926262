// Command purser serves a marketplace's wallets over GraphQL, from a double-entry ledger in PostgreSQL.
//
// This file puts the product together: the ledger below, GraphQL above, and storage beside them. What
// each sub-command does, and the order in which the server's parts start and stop, is internal/cli's.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/validator/core"

	"purser/internal/campaign"
	"purser/internal/cli"
	"purser/internal/config"
	"purser/internal/finance"
	"purser/internal/httpapi"
	"purser/internal/market"
	"purser/internal/obs"
	"purser/internal/postgres"
	"purser/internal/scalar"
	"purser/internal/wallet"
	"purser/ledger"
	"purser/resolvers"
)

// schemaFiles are the contract as it was written, with its comments.
//
//go:embed schema.graphqls schema/*.graphqls
var schemaFiles embed.FS

func main() {
	ctx, stop := cli.Interruptible(context.Background(), os.Stderr)
	program := cli.Program{
		Name: os.Args[0], Args: os.Args[1:], Environ: os.Environ(),
		Stdout: os.Stdout, Stderr: os.Stderr, Clock: time.Now, NewHandler: newHandler,
	}
	code := program.Run(ctx)
	stop()
	os.Exit(code)
}

// newHandler wires what answers on the public address. Nothing here reads or writes; a part that is
// missing or a schema that breaks its own rules is an error before the first request.
func newHandler(parts cli.Parts) (http.Handler, error) {
	reader := parts.DB.NewReader(parts.Clock)
	resolver := resolvers.New(resolvers.Config{
		Service:       wallet.NewService(parts.Ledger, reader, parts.Clock, newID),
		Campaigns:     campaign.NewService(campaignConfig(parts, reader)),
		Finance:       finance.NewService(parts.Ledger, reader, parts.Clock, newID),
		Reader:        reader,
		Clock:         parts.Clock,
		Log:           parts.Log,
		RequestID:     obs.RequestID,
		LoaderBatches: countLoaderBatches(parts.Registry),
	})
	schema := resolver.Schema()
	if err := resolvers.CheckSchema(schema.Schema()); err != nil {
		return nil, fmt.Errorf("check the schema: %w", err)
	}
	text, err := schemaText()
	if err != nil {
		return nil, err
	}
	pages, err := newPages(parts)
	if err != nil {
		return nil, err
	}
	return httpapi.NewHandler(schema, httpapi.Options{
		Development:    parts.Config.Mode == config.Development,
		Verifier:       parts.Verifier,
		SDL:            text,
		AllowedOrigins: parts.Config.AllowedOrigins,
		Ready:          func(ctx context.Context) error { return ready(ctx, parts.DB) },
		ErrorPresenter: resolver.PresentError,
		Recover:        resolver.Recover,
		Extensions:     []graphql.HandlerExtension{resolver.Extension()},
		Rules:          []core.Rule{scalar.NumberLiterals},
		Log:            parts.Log,
		Metrics:        obs.NewHTTPMetrics(parts.Registry),
		Now:            parts.Clock,
		Pages:          pages,
	})
}

// campaignConfig says what campaigns are made of. Their journals count in other domains too, by the
// market's projections.
func campaignConfig(parts cli.Parts, reader *postgres.Reader) campaign.Config {
	return campaign.Config{
		Ledger: parts.Ledger, Directory: reader, Clock: parts.Clock, NewID: newID, Projections: market.Projections(),
	}
}

// schemaText is served at /schema.graphqls: one document of all files, the main one first, then those of
// schema/ by name.
func schemaText() (string, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.graphqls")
	if err != nil {
		return "", fmt.Errorf("list the files of the schema: %w", err)
	}
	var text bytes.Buffer
	for i, name := range append([]string{"schema.graphqls"}, names...) {
		part, err := schemaFiles.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the schema: %w", err)
		}
		if i > 0 {
			text.WriteByte('\n')
		}
		text.Write(part)
	}
	return text.String(), nil
}

// newID makes the ids of commands. UUIDv7s sort by time, which keeps new rows together in the indexes.
func newID() ledger.ID { return ledger.ID(uuid.Must(uuid.NewV7())) }

// ready reports whether this process should get requests.
func ready(ctx context.Context, db *postgres.DB) error {
	err := db.Ping(ctx)
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &httpapi.NotReadyError{Reason: "DATABASE_UNREACHABLE", Err: err}
}

// countLoaderBatches counts reads that the look-ahead of a response missed: each is a round trip that
// a page should not need.
func countLoaderBatches(registry prometheus.Registerer) func(int64) {
	batches := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "purser_loader_batches_total",
		Help: "Batches of the data loaders: reads that a response's look-ahead did not foresee.",
	})
	registry.MustRegister(batches)
	return func(n int64) { batches.Add(float64(n)) }
}
