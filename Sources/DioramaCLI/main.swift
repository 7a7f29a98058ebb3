import DioramaCommands

await DioramaCommand.main()
