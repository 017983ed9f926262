package resolvers

import (
	"context"
	"slices"

	"purser/graph/model"
	"purser/internal/auth"
	"purser/internal/wallet"
)

// Viewer implements graph.QueryResolver. It reads nothing: who the caller is, is
// in the token.
func (q queryResolver) Viewer(ctx context.Context) (*model.Viewer, error) {
	p, _ := auth.FromContext(ctx)
	viewer := &model.Viewer{Subject: p.Subject, Roles: []model.Role{}, Scope: slices.Sorted(slices.Values(p.Scope))}
	for _, role := range p.Roles {
		viewer.Roles = append(viewer.Roles, model.Role(role))
	}
	if viewer.Scope == nil {
		viewer.Scope = []string{}
	}
	return viewer, nil
}

// Wallets implements graph.ViewerResolver: the wallets that are the caller's, not
// all those that FINANCE and AUDITOR may open by id.
func (v viewerResolver) Wallets(ctx context.Context, _ *model.Viewer) ([]*model.Wallet, error) {
	page, err := scopeOf(ctx).wallets.read(func() (*wallet.Page, error) {
		a := v.lookAhead(ctx, siblings(ctx, "Viewer")...)
		a.request.Mine = true
		return v.readPage(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	return walletModels(page.Wallets), nil
}
