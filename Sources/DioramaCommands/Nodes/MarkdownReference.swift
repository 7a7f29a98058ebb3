package import DioramaGraph

/// The page `docs/Nodes.md`: every node of `catalog`, from its declaration.
package func markdownReference(_ catalog: NodeCatalog) -> String {
    let categories = byCategory(catalog)
    var lines = [
        "# Nodes", "",
        "Every node that a graph may use, from its declaration. Written by `diorama nodes --markdown`; do not edit.",
        "",
    ]
    for (category, schemas) in categories {
        let links = schemas.map { "[\($0.spec.className)](#\($0.spec.className.lowercased()))" }
        lines.append("- \(category): " + links.joined(separator: ", "))
    }
    for (category, schemas) in categories {
        lines += ["", "## \(category)"]
        for schema in schemas { lines += ["", section(schema)] }
    }
    return lines.joined(separator: "\n") + "\n"
}

/// One node: what it does, a table of inputs, a table of outputs.
private func section(_ schema: NodeSchema) -> String {
    var lines = ["### \(schema.spec.className)", "", schema.spec.help + remarks(schema.spec)]
    if !schema.inputs.isEmpty {
        lines += ["", "| input | type | default | allowed | meaning |", "|---|---|---|---|---|"]
        lines += schema.inputRows.map { each in
            let input = each.schema
            let value =
                input.defaultValue.map { "`\(shown($0))`" } ?? (input.isOptional ? "none" : "required")
            let allowed = [rangeText(input) ?? optionsText(input), each.remark].compactMap(\.self)
            return row(["`\(each.name)`", each.type, value, allowed.joined(separator: ", "), input.help])
        }
    }
    if !schema.outputs.isEmpty {
        lines += ["", "| output | type | meaning |", "|---|---|---|"]
        lines += schema.outputs.map { row(["`\($0.name)`", $0.typeText, $0.help]) }
    }
    return lines.joined(separator: "\n")
}

/// A row of a Markdown table.
private func row(_ cells: [String]) -> String {
    let escaped = cells.map {
        $0.replacing("|", with: "\\|").replacing("\n", with: " ").replacing("*", with: "\\*")
    }
    return "| " + escaped.joined(separator: " | ") + " |"
}
