// Loads a folder's docker-compose.yml and .env as docker compose does, with its own loader, and prints the project as JSON.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	log.SetFlags(0)
	folder, profiles := os.Args[1], os.Args[2:]
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(folder, "docker-compose.yml")},
		cli.WithWorkingDirectory(folder),
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithProfiles(profiles),
		cli.WithInterpolation(true),
		cli.WithResolvedPaths(true),
		cli.WithNormalization(true),
		cli.WithConsistency(true),
	)
	check(err)
	project, err := options.LoadProject(context.Background())
	check(err)
	text, err := project.MarshalJSON()
	check(err)
	fmt.Println(string(text))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
