package cli

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"purser/internal/auth"
	"purser/internal/config"
	"purser/internal/embedpg"
)

const (
	// developmentCheckpointKey is the file beside the development key of tokens.
	developmentCheckpointKey = "checkpoint-ed25519.pem"
	// keyBytesMax bounds how much of a key file is read, so that a wrong path cannot fill memory.
	keyBytesMax = 64 << 10
)

// checkpointKey returns the key that signs checkpoints: of the configured file, or in development of
// one in the data directory, which is made when missing. It returns an error when the file is open
// to other users or holds anything but one Ed25519 private key.
func checkpointKey(cfg config.Config) (ed25519.PrivateKey, error) {
	path := cfg.CheckpointKeyFile
	if path == "" {
		dir, err := embedpg.EnsureDataDir(cfg.DataDir)
		if err != nil {
			return nil, err
		}
		path = filepath.Join(dir, developmentCheckpointKey)
		if err := auth.CreateKeyFile(path); err != nil {
			return nil, fmt.Errorf("create checkpoint key %s: %w", path, err)
		}
	}
	key, err := readCheckpointKey(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint key %s: %w", path, err)
	}
	return key, nil
}

func readCheckpointKey(path string) (ed25519.PrivateKey, error) {
	file, err := os.Open(path) //nolint:gosec // the operator names this file in the environment
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errors.New("it is open to other users: run chmod 600 on it")
	}
	block, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("it holds no private key in PKCS #8 (openssl genpkey -algorithm ed25519): %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it holds a %T; an Ed25519 private key is needed", parsed)
	}
	return key, nil
}

// readPublicKey reads the PEM file of the public half.
func readPublicKey(path string) (ed25519.PublicKey, error) {
	file, err := os.Open(path) //nolint:gosec // named on the command line
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	block, err := readPEM(file)
	if err != nil {
		return nil, fmt.Errorf("public key %s: %w", path, err)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key %s: it holds no public key (openssl pkey -pubout): %w", path, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("public key %s: it holds a %T; an Ed25519 public key is needed", path, parsed)
	}
	return key, nil
}

func readPEM(from io.Reader) (*pem.Block, error) {
	text, err := io.ReadAll(io.LimitReader(from, keyBytesMax))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	return block, nil
}

// publicKeyPEM is the public half of key as check-proof reads it.
func publicKeyPEM(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}
