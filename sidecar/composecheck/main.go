// Command composecheck loads one compose file as Docker Compose does, with interpolation, validation against the
// schema, normalisation and consistency checks. It prints the project as JSON. If the file is invalid, it prints the
// error and exits with 1.
//
// With --yaml it prints any YAML file as a JSON array of its documents, for tests of files that have no such checker.
//
// It is a separate Go module, so that its dependencies are not among the sources of daprd.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
	"go.yaml.in/yaml/v3"
)

func main() {
	run, args := check, os.Args[1:]
	if len(args) > 0 && args[0] == "--yaml" {
		run, args = documents, args[1:]
	}
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: composecheck [--yaml] FILE")
		os.Exit(2)
	}
	output, err := run(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(append(output, '\n'))
}

func check(file string) ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)),
		cli.WithOsEnv,
		cli.WithDotEnv,
		cli.WithInterpolation(true),
		cli.WithNormalization(true),
		cli.WithConsistency(true),
		cli.WithResolvedPaths(false),
		// Include the services of every profile.
		cli.WithProfiles([]string{"*"}),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}

// documents returns all documents of a YAML file as one JSON array.
func documents(file string) ([]byte, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := []any{}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var document any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return json.Marshal(all)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, document)
	}
}
