package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/encode/packimport"
)

// packImportFlags are the flags of "pack import".
type packImportFlags struct {
	out     string
	options packimport.Options
}

func newPackImportCommand(a *app) *cobra.Command {
	var f packImportFlags
	cmd := &cobra.Command{
		Use:   "import FOLDER --out DIR",
		Short: "Make a pack of a model as hubs publish it (CLIP, MobileCLIP, SigLIP, OpenCLIP, Jina CLIP)",
		Long: `Makes a pack of a downloaded model: a folder with config.json,
preprocessor_config.json, tokenizer.json, tokenizer_config.json and the ONNX
files, either onnx/vision_model.onnx and onnx/text_model.onnx or one
onnx/model.onnx. Nothing is downloaded. docs/packs.md says what to get.`,
		Example: "  gemba pack import ./siglip-base-patch16-224 --out /srv/packs/siglip --license apache-2.0",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes one FOLDER, got %d arguments", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "out"); err != nil {
				return err
			}
			return a.packImport(cmd.Context(), args[0], &f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.out, "out", "", "new folder for the pack")
	fs.StringVar(&f.options.Name, "name", "", "name of the pack (default: that of FOLDER)")
	fs.StringVar(&f.options.License, "license", "", "terms of use (default: what README.md says)")
	fs.StringVar(&f.options.Variant, "variant", "", "which of several files of one model: full, "+strings.Join(packimport.Variants[1:], ", ")+" (default: the most precise one)")
	fs.StringSliceVar(&f.options.Views, "views", nil, "how frames are cut, for example squash,center (default: as the model was trained)")
	markFolders(cmd, "out")
	return cmd
}

// packImportReport is what pack import prints with --json.
type packImportReport struct {
	Dir     string   `json:"dir"`
	Name    string   `json:"name"`
	License string   `json:"license"`
	Dims    int      `json:"dims"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Notes   []string `json:"notes"`
}

func (a *app) packImport(ctx context.Context, from string, f *packImportFlags) error {
	bar := a.startProgress("sentences")
	plan, err := packimport.Import(ctx, from, f.out, f.options, encode.Options{Provider: encode.CPU, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}, func(done, of int) {
		bar.set(int64(done), int64(of), "", 0)
	})
	bar.end()
	if err != nil {
		return err
	}
	m := plan.Manifest
	r := packImportReport{Dir: f.out, Name: m.Name, License: m.License, Dims: m.Dims, Files: len(m.Files), Notes: plan.Notes}
	for _, file := range m.Files {
		r.Bytes += file.Bytes
	}
	if a.flags.json {
		return a.printJSON(r)
	}
	for _, n := range plan.Notes {
		a.remark("%s", n)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: pack %s, vectors of %d numbers, %s. Try it with gemba pack verify %s.\n",
		printable(r.Dir), printable(r.Name), r.Dims, bytesText(r.Bytes), printable(r.Dir))
	return err
}
