// minnow cpu: the CPU's features, the kernel tables of this build, which one is chosen; and, asked
// for, the machine's measured limits.
#include <memory>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "library_options.hpp"
#include "limits.hpp"

namespace minnow::program {

namespace {

struct CpuRequest {
  bool json = false, measure = false;
  LibraryOptions options;
};

std::string limit_lines(const Json& limits) {
  const auto line = [&](const char* what, const std::string& name, const char* unit) {
    return std::string(what) + fixed(limits.at(name).get<double>() / 1e9, 1) + " " + unit +
           " (one thread " + fixed(limits.at(name + "_one").get<double>() / 1e9, 1) + ")\n";
  };
  return line("reads memory   ", "read_bytes_per_s", "GB/s") +
         line("integers       ", "integer_mac_per_s", "G multiply-adds/s") +
         line("floats         ", "float_mac_per_s", "G multiply-adds/s");
}

void write_text(const Json& machine, const Json& limits) {
  std::string features, tables;
  for (const Json& feature : machine.at("features")) features += " " + feature.get<std::string>();
  for (const Json& table : machine.at("tables")) {
    const std::string name = table.at("name");
    const bool available = table.at("available").get<bool>();
    const bool chosen = machine.at("table") == name;
    tables += "  " + name + (chosen ? " (chosen)" : available ? "" : " (this CPU does not run it)");
  }
  std::string text = "cpu            " + machine.at("cpu").get<std::string>() + "\nfeatures      " +
                     features + "\nkernel tables" + tables + "\nthreads        " +
                     machine.at("threads").dump() + "\n";
  for (const char* level : {"l1d_bytes", "l2_bytes", "l3_bytes"}) {
    if (machine.value(level, std::int64_t{0}) > 0)
      text += std::string(level).substr(0, 2) + "             " + with_commas(machine.at(level)) +
              " bytes\n";
  }
  if (!limits.is_null()) text += limit_lines(limits);
  write_out(text);
}

void cpu(const CpuRequest& request) {
  minnow_runtime* made = nullptr;
  check(minnow_runtime_create(request.options.make().get(), &made), Doing::kReadingOptions);
  const RuntimeHandle runtime(made);
  char* text = nullptr;
  check(minnow_runtime_describe(made, &text));
  Json machine = take_json(text);
  const Json limits = request.measure ? measure_limits(made) : Json();
  if (!request.json) return write_text(machine, limits);
  if (!limits.is_null()) machine["limits"] = limits;
  write_out(json_line(machine));
}

}  // namespace

void add_cpu_command(CLI::App& program) {
  const auto request = std::make_shared<CpuRequest>();
  CLI::App* command =
      program.add_subcommand("cpu", "Show the CPU's features and the kernel table chosen for it");
  command->add_flag("--measure", request->measure,
                    "measure read bandwidth and peak rates (a second, 512 MB)");
  command->add_flag("--json", request->json, "everything as one JSON object");
  request->options.add_to(*command, LibraryOptions::kMachine);
  command->callback([request] { cpu(*request); });
}

}  // namespace minnow::program
