// Package graph is the executable form of schema.graphqls: every other file in it
// and in graph/model is written by gqlgen and never edited. The resolvers that it
// asks for, as [ResolverRoot], live in package resolvers, so that a field added to
// the schema without its resolver is a compile error there and not a panic here.
package graph

// Without --config gqlgen looks for gqlgen.yml in the parents and works from there;
// with it, the paths in the file would be taken from this directory.
//
//go:generate go tool gqlgen generate
