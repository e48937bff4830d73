"""What a report is made of: sections of blocks, from which the HTML page and the Word document are both written.

Public names: `Bullets`, `Checklist`, `ChecklistEntry`, `Download`, `Figures`, `FoldedBlocks`, `Paragraph`,
`ReportSection`, `with_content`.
"""
